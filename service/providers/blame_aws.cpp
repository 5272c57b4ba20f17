#include "service/providers/blame_aws.h"

#include <algorithm>
#include <array>

namespace bursar::providers {
namespace {

using namespace std::string_view_literals;

struct Row {
    std::string_view exception;
    Fit fit;
};
/// Amazon Bedrock API reference, Converse and common errors; IAM user guide on signatures (both read 2026-11).
constexpr std::array rows = {Row{"throttlingexception", Fit::key_limited},
                             Row{"toomanyrequestsexception", Fit::key_limited},
                             Row{"servicequotaexceededexception", Fit::key_limited},
                             Row{"modelnotreadyexception", Fit::channel},
                             Row{"modelerrorexception", Fit::channel},
                             Row{"modelstreamerrorexception", Fit::channel},
                             Row{"modeltimeoutexception", Fit::channel},
                             Row{"internalserverexception", Fit::channel},
                             Row{"serviceunavailableexception", Fit::channel},
                             Row{"resourcenotfoundexception", Fit::elsewhere},
                             Row{"expiredtokenexception", Fit::key_refused},
                             Row{"expiredtoken", Fit::key_refused},
                             Row{"unrecognizedclientexception", Fit::key_refused},
                             Row{"invalidclienttokenid", Fit::key_refused},
                             Row{"invalidsignatureexception", Fit::key_refused},
                             Row{"signaturedoesnotmatch", Fit::key_refused},
                             Row{"incompletesignature", Fit::key_refused},
                             Row{"incompletesignatureexception", Fit::key_refused},
                             Row{"missingauthenticationtoken", Fit::key_refused},
                             Row{"missingauthenticationtokenexception", Fit::key_refused}};

/// Of a day's quota, which no minute brings back.
constexpr std::array daily_words = {"tokens per day"sv, "requests per day"sv};
/// A key that is nobody's; any other denial is of this model or region only.
constexpr std::array key_words = {"authentication failed"sv, "api key"sv, "security token"sv};
/// Also of a model that is there, but not for this way of asking.
constexpr std::array model_words = {"model identifier is invalid"sv, "on-demand throughput"sv, "end of its life"sv,
                                    "doesn't support the model"sv};

constexpr std::array clock_words = {"Signature expired"sv, "Signature not yet current"sv};
constexpr std::array sequence_words = {"invalid sequence"sv};

template <typename Words>
bool says(std::string_view text, const Words& words) {
    return std::ranges::any_of(words, [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

}  // namespace

std::optional<Fit> fit_of_exception(std::string_view exception, std::string_view text) {
    // "ThrottlingException:http://internal.amazon.com/…"
    exception = exception.substr(0, exception.find(':'));
    if (exception == "accessdeniedexception") return says(text, key_words) ? Fit::key_refused : Fit::elsewhere;
    // The model has made a tool call that is none: another try there may do the same, another model does better.
    if (exception == "modelerrorexception" && says(text, sequence_words)) return Fit::elsewhere;
    if (exception == "validationexception" && says(text, model_words)) return Fit::elsewhere;
    const auto* found = std::ranges::find(rows, exception, &Row::exception);
    if (found == rows.end()) return {};
    return found->fit == Fit::key_limited && says(text, daily_words) ? Fit::key_used_up : found->fit;
}

bool blames_clock(std::string_view body) { return says(body, clock_words); }

}  // namespace bursar::providers
