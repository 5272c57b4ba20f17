#pragma once

#include "service/admin/visit.h"
#include "service/base/json.h"

#include <string>
#include <vector>

// Virtual keys in answers, and what a new one may say: for those who issue any, and for those who have their own.
namespace bursar::admin {

void write_key_facts(JsonWriter& json, const Visit& visit, const auth::KeyFacts& key);

/// The one answer that shows a key.
Answer key_shown_once(const Visit& visit, const auth::Issued& issued, int status);

/// Names of the policy, or "tier:NAME". invalid_request.
Result<void> check_key_models(const policies::Snapshot& rules, const std::vector<std::string>& models);

}  // namespace bursar::admin
