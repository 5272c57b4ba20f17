#include "service/providers/tally.h"

#include <algorithm>

namespace bursar::providers {
namespace {

// Text has three to four bytes per token, code and other scripts fewer: an estimate should rather be too high.
constexpr std::int64_t bytes_per_token = 3;

/// Whether the strings of this event of the Responses API stand in deltas too, as far as its beginning shows.
bool repeats_deltas(std::string_view event) {
    const Span type = find_string_member(event, "type");
    return !event.substr(type.begin, type.end - type.begin).ends_with(".delta\"");
}

}  // namespace

void Tally::add(const Statement& said, std::int64_t content_left_out) {
    started_ = started_ || said.started;
    finished_ = finished_ || said.finished;
    ended_ = ended_ || said.end;
    choices_begun_ |= said.choices;
    choices_finished_ |= said.choices_finished;
    reading_.failed = reading_.failed || said.failed;
    const bool known = said.started || said.content || said.finished || said.end || said.failed || said.counts.any();
    reading_.understood = reading_.understood || (said.json && known);
    reading_.content = reading_.content || said.content || content_left_out > 0;
    part_bytes_ = 0;
    const auto bytes = said.content_bytes + content_left_out;
    if (said.end && said.repeats) {
        // A Response's output repeats every item of it.
        repeated_bytes_ = std::max(repeated_bytes_, bytes);
        searches_seen_ = std::max(searches_seen_, said.web_searches);
    } else {
        (said.repeats ? repeated_bytes_ : delta_bytes_) += bytes;
        searches_seen_ += said.web_searches;
    }
    if (said.content && !said.repeats) ++content_events_;
    sum_up();
    if (reading_.id.empty() && !said.id.empty()) reading_.id = said.id;
    // "auto" is the caller's wish, not what was served; the last event says which it became.
    if (!said.service_tier.empty() && said.service_tier != "auto") reading_.served.service_tier = said.service_tier;
    if (!said.speed.empty()) reading_.served.speed = said.speed;
    if (!said.region.empty()) reading_.served.region = said.region;
    counts_.update(said.counts);
    if (counts_.any()) {
        reading_.usage = to_usage(endpoint_, counts_);
        reading_.source = UsageSource::provider;
    }
    reading_.usage.web_searches = std::max(reading_.usage.web_searches, searches_seen_);
    // Not for good: where several answers come one after the other, the next one has not begun yet.
    const bool by_reason = endpoint_ == Endpoint::chat_completions || endpoint_ == Endpoint::completions ||
                           endpoint_ == Endpoint::generate_content || endpoint_ == Endpoint::converse;
    reading_.complete = ended_ || (by_reason && finished() && counts_.any());
}

void Tally::pass_part(const Condenser& event) {
    part_bytes_ = static_cast<std::int64_t>(event.text().size()) + event.content_left_out();
    part_repeats_ = endpoint_ == Endpoint::responses && repeats_deltas(event.text());
    sum_up();
}

void Tally::add_unreadable(std::size_t bytes) {
    started_ = reading_.content = true;
    delta_bytes_ += static_cast<std::int64_t>(bytes);
    sum_up();
}

void Tally::sum_up() {
    const auto delivered = part_repeats_ ? std::max(delta_bytes_, part_bytes_) : delta_bytes_ + part_bytes_;
    reading_.content_bytes = std::max(delivered, repeated_bytes_);
}

bool Tally::finished() const { return finished_ && (choices_begun_ & ~choices_finished_) == 0; }

Tokens Tally::output_estimated() const {
    const auto by_length = (reading_.content_bytes + bytes_per_token - 1) / bytes_per_token;
    // An event with content carries at least one token, and a byte at most one.
    return std::max(by_length, std::min(content_events_, reading_.content_bytes));
}

Reading Tally::close(Tokens input_at_most) {
    Usage& usage = reading_.usage;
    if (facts(endpoint_).held == Held::nothing) {
        usage = {};
        reading_.source = reading_.complete ? UsageSource::provider : UsageSource::none;
        return reading_;
    }
    const bool served = started_ || reading_.content || counts_.any();
    if (!served) return reading_;
    bool estimated = false;
    if (usage.input_total() == 0) {
        usage.input = input_at_most;
        estimated = true;
    }
    // A count that came before the end is one of a part; none at all, or none of what was plainly delivered, is no
    // count.
    const Tokens output = usage.output + usage.audio_output + usage.image_output + usage.reasoning;
    const bool partial = !reading_.complete && !finished();
    if (facts(endpoint_).held != Held::input && (partial || counts_.output < 0 || output == 0) &&
        output < output_estimated()) {
        usage.output += output_estimated() - output;
        estimated = true;
    }
    if (partial || !counts_.any()) estimated = true;
    reading_.source = estimated ? UsageSource::estimated : UsageSource::provider;
    return reading_;
}

}  // namespace bursar::providers
