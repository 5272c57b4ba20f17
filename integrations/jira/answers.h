#pragma once

#include "integrations/answer.h"
#include "integrations/json.h"

#include <string>

namespace bursar::integrations::jira {

/// {"errorMessages": […], "errors": {field: text}} as one sentence; empty if it is no such answer.
std::string error_words(const Answer& answer);
/// By status and words. 401 and 403 are closed, and so is a project or issue type that is not there; 404 is closed.
Verdict judge(const Answer& answer, Timestamp now);

/// The body of a good answer; a good status with something else in it is a proxy's page, and later.
struct Good {
    Verdict verdict;
    Json body{};
    bool is_good() const { return verdict.outcome == Outcome::sent; }
};
Good read_good(const Answer& answer, std::size_t bytes_max, Timestamp now);

}  // namespace bursar::integrations::jira
