#pragma once

#include "policies/snapshot.h"
#include "service/admin/control_plane.h"
#include "service/base/result.h"
#include "service/providers/meter.h"
#include "service/providers/upstream.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What a test of a provider sends, and what it says of what came back. Pure.
namespace bursar::daemon {

using admin::Finding;

/// The path and query of the list of models; empty if the provider has none.
std::string list_target(const policies::Provider& provider);
/// The path and query of one call.
std::string call_target(const policies::Provider& provider, std::string_view model, bool stream = false);
/// The smallest call there is, of at most 16 tokens of output.
std::string call_body(const policies::Provider& provider, std::string_view model, bool stream);
/// The provider's own name for what an operator asked for: a model of the policy with a channel to it, or that name
/// itself.
std::string model_at(const policies::Snapshot& rules, const policies::Provider& provider, const std::string& asked);
/// The models of the policy's channels to the provider, each once.
std::vector<std::string> models_at(const policies::Snapshot& rules, const policies::Provider& provider);

/// What a call that came to no answer says of name, connection and TLS.
std::vector<Finding> network_findings(const policies::Provider& provider, const Error& error);
/// The same, of one that was answered.
std::vector<Finding> network_findings(const policies::Provider& provider, std::optional<Timestamp> certificate_until,
                                      Timestamp now);

/// What is wrong with a key that the vault does not lend.
Finding not_lent(std::string_view secret, const Error& error);

struct Listed {
    int status = 0;
    std::string body;
};
/// What the answer to a list with this key says of the key; `without_key` is the answer to the same without any.
Finding key_finding(std::string_view secret, const Listed& with_key, int without_key);
/// What the list says: how many models, and whether the policy's are among them.
std::vector<Finding> list_findings(const policies::Provider& provider, const Listed& listed,
                                   const std::vector<std::string>& wanted);

/// What one small call came to.
struct Called {
    int status = 0;
    bool event_stream = false;
    std::string refusal;         ///< of a status that is no success
    providers::Reading reading;  ///< of a success
};
std::vector<Finding> call_findings(const policies::Provider& provider, bool stream, const Called& called);
Finding call_failed(bool stream, const Error& error);

}  // namespace bursar::daemon
