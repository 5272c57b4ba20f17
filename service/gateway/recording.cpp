#include "service/gateway/recording.h"

#include <algorithm>
#include <array>
#include <utility>

namespace bursar::gateway {
namespace {

using namespace std::string_view_literals;

/// What was true of the first call and would be a lie about its repetition: who adds up costs must not count one twice.
constexpr edge::HeaderNames of_one_call{"x-bursar-cost-usd"sv, "x-bursar-overhead-us"sv, "x-bursar-attempts"sv,
                                        "x-bursar-budget-remaining-usd"sv, "retry-after"sv};
constexpr std::array prefixes_of_one_call = {"x-ratelimit-"sv, "anthropic-ratelimit-"sv};

bool is_of_one_call(std::string_view name) {
    return of_one_call.has(name) || std::ranges::any_of(prefixes_of_one_call, [name](std::string_view one) {
               return edge::equal_without_case(name.substr(0, one.size()), one);
           });
}

/// The lines that are given again; `lines` is what add_line() has checked.
std::string kept_lines(const edge::ResponseHead& head) {
    edge::ResponseHead kept;
    for (const edge::Header& header : head.headers)
        if (!is_of_one_call(header.name)) kept.add_line(header.name, header.value);
    std::string_view lines = head.lines;
    while (!lines.empty()) {
        const std::size_t end = std::min(lines.find("\r\n"), lines.size() - 2);
        const std::string_view line = lines.substr(0, end + 2);
        if (!is_of_one_call(line.substr(0, line.find(':')))) kept.lines.append(line);
        lines.remove_prefix(line.size());
    }
    return std::move(kept.lines);
}

std::unexpected<Error> gone() {
    return fail(Fault::too_slow, "The client has left.", "the client left before its answer was whole");
}

}  // namespace

std::unique_ptr<Recording> Recording::of(edge::Exchange& caller) {
    if (!caller.head().has(idempotency_key) || caller.head().method != "POST") return nullptr;
    return std::make_unique<Recording>(caller);
}

void Recording::start(replays::Claim claim, const audit::Outcome& outcome, std::size_t bytes_max) {
    claim_ = std::move(claim);
    outcome_ = &outcome;
    bytes_max_ = bytes_max;
    part_ = Part::recording;
}

void Recording::end(NanoUsd cost, Again again) {
    if (!claim_) return;
    part_ = Part::passing;
    if (cost > NanoUsd{} || again == Again::never)
        claim_.spend(cost);
    else
        claim_.forget();
}

Task<Result<void>> Recording::respond(const edge::ResponseHead& head, std::string_view body) {
    note_head(head);
    note(body);
    keep_if_good();
    Result<void> sent;
    if (!gone_) sent = co_await caller_.respond(head, body);
    co_return heard(std::move(sent));
}

Task<Result<void>> Recording::begin(const edge::ResponseHead& head, std::string_view first) {
    note_head(head);
    note(first);
    Result<void> sent;
    if (!gone_) sent = co_await caller_.begin(head, first);
    co_return heard(std::move(sent));
}

Task<Result<void>> Recording::write(std::string_view piece) {
    note(piece);
    Result<void> sent;
    if (!gone_) sent = co_await caller_.write(piece);
    co_return heard(std::move(sent));
}

Task<Result<void>> Recording::finish() {
    keep_if_good();
    Result<void> sent;
    if (!gone_) sent = co_await caller_.finish();
    co_return heard(std::move(sent));
}

void Recording::watch(std::function<void()> left) {
    left_ = std::move(left);
    if (left_)
        caller_.watch([this] { caller_left(); });
    else
        caller_.watch({});
}

void Recording::caller_left() {
    gone_ = true;
    if (goes_on()) return;
    // It may end the watch, and with it the function.
    if (const auto left = left_) left();
}

Result<void> Recording::heard(Result<void> sent) {
    if (!sent) gone_ = true;
    if (!gone_ || goes_on()) return {};
    return sent ? gone() : std::move(sent);
}

void Recording::note_head(const edge::ResponseHead& head) {
    if (part_ != Part::recording) return;
    answer_.status = head.status;
    answer_.head = kept_lines(head);
}

void Recording::note(std::string_view piece) {
    if (part_ != Part::recording) return;
    if (answer_.bytes() + piece.size() <= bytes_max_) {
        answer_.body.append(piece);
        return;
    }
    part_ = Part::too_large;
    answer_ = {};
}

void Recording::keep_if_good() {
    const bool good = answer_.status >= 200 && answer_.status <= 299 && outcome_ != nullptr && outcome_->fault.empty();
    if (part_ != Part::recording || !good) return;
    part_ = Part::kept;
    claim_.keep(std::exchange(answer_, {}), outcome_->cost);
}

}  // namespace bursar::gateway
