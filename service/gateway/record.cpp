// Room 8: one outcome row, one log line, the counters.
#include "service/base/json.h"
#include "service/base/log.h"
#include "service/gateway/call.h"
#include "service/gateway/gateway.h"
#include "service/gateway/shard.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::gateway {
namespace {

/// The status that logs give to a caller who left before the answer.
constexpr int status_caller_left = 499;

bool goes_to_audit(std::string_view fault) {
    return fault == facts(Fault::unauthenticated).name || fault == facts(Fault::not_permitted).name ||
           fault == facts(Fault::budget_exhausted).name || fault == facts(Fault::paused).name;
}

audit::Action refusal_action(const Call& call) {
    JsonWriter detail;
    detail.open().field("call", call.id.text()).field("model", call.outcome.model).field("reason", call.reason).close();
    return {.actor = call.caller ? "key:" + call.caller->key_id : std::string("anonymous"),
            .address = call.exchange.address(),
            .action = "call.refused",
            .object = std::string(call.exchange.head().path()),
            .outcome = call.outcome.fault,
            .detail = std::move(detail).text()};
}

/// Of an answer that came whole, with its count: the next call is expected to need as much.
void learn_norms(const Call& call) {
    const audit::Outcome& outcome = call.outcome;
    if (!call.route || call.route->output_worst == 0 || !outcome.fault.empty()) return;
    // What a conversation is compacted to says nothing about answers.
    if (call.endpoint == Endpoint::response_compact) return;
    if (outcome.status != 200 || outcome.usage_source != UsageSource::provider) return;
    const Tokens output = outcome.usage.output + outcome.usage.reasoning + outcome.usage.audio_output;
    call.shard.norms().observe(outcome.key_id, outcome.model, output / std::max<std::int64_t>(1, call.prompt.choices));
}

void log_line(const audit::Outcome& outcome, const std::string& reason) {
    log::info("call",
              {{"call", outcome.call.text()},
               {"key", outcome.key_id},
               {"team", outcome.team},
               {"endpoint", name_of(outcome.endpoint)},
               {"model", outcome.model},
               {"channel", outcome.channel},
               {"attempts", outcome.attempts},
               {"status", outcome.status},
               {"fault", outcome.fault},
               {"reason", reason},
               {"streamed", outcome.streamed},
               {"input_tokens", outcome.usage.input_total()},
               {"output_tokens", outcome.usage.output + outcome.usage.reasoning + outcome.usage.audio_output},
               {"cost_usd", outcome.cost.text()},
               {"duration_us", std::chrono::duration_cast<std::chrono::microseconds>(outcome.duration).count()},
               {"overhead_us", std::chrono::duration_cast<std::chrono::microseconds>(outcome.overhead).count()}});
}

}  // namespace

void Gateway::record_earlier(const Call& call, audit::Outcome earlier) {
    earlier.call = call.id;
    earlier.at = call.at;
    earlier.address = call.exchange.address();
    earlier.dialect = call.dialect;
    earlier.endpoint = call.endpoint;
    metrics_.count(earlier);
    parts_.audit.record(std::move(earlier));
}

void Gateway::record(Call& call) {
    audit::Outcome& outcome = call.outcome;
    if (call.caller_left && !call.answered) outcome.status = status_caller_left;
    if (goes_to_audit(outcome.fault)) parts_.audit.note(refusal_action(call));
    // Nobody pays for a stranger's try, so it is no call: it is counted, and audited within the audit's own limit.
    if (!call.caller) {
        metrics_.refused_before_identity(outcome.fault);
        log::debug("refused", {{"call", call.id.text()},
                               {"address", call.exchange.address()},
                               {"fault", outcome.fault},
                               {"reason", call.reason}});
        return;
    }
    outcome.call = call.id;
    outcome.at = call.at;
    outcome.duration = parts_.clock.moment() - call.started;
    outcome.address = call.exchange.address();
    outcome.dialect = call.dialect;
    outcome.endpoint = call.endpoint;
    if (outcome.overhead.count() == 0) outcome.overhead = outcome.duration - call.waited;
    learn_norms(call);
    metrics_.count(outcome);
    if (log::wants(log::Level::info)) log_line(outcome, call.reason);
    // The call's own row first: whatever a crash leaves of the others is completed as theirs.
    parts_.audit.record(std::move(outcome));
    for (audit::Outcome& earlier : call.earlier) record_earlier(call, std::move(earlier));
}

}  // namespace bursar::gateway
