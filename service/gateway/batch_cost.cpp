#include "service/gateway/batch_cost.h"

#include "service/providers/meter.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

namespace bursar::gateway {
namespace {

constexpr std::string_view batch_tier = "batch";

/// What the line of a batch may use: calls that are billed by other units are in none.
constexpr Tokens Usage::* token_fields[] = {
    &Usage::input,     &Usage::cache_read,  &Usage::cache_write_5m, &Usage::cache_write_1h, &Usage::output,
    &Usage::reasoning, &Usage::audio_input, &Usage::audio_output,   &Usage::image_input,    &Usage::image_output};

/// Rounded up, as a cost is.
NanoUsd at_factor(NanoUsd amount, const policies::Factor& factor) {
    using Wide = unsigned __int128;
    if (factor.denominator <= 0 || factor.numerator >= factor.denominator || factor.numerator < 0) return amount;
    const auto divisor = static_cast<Wide>(factor.denominator);
    const Wide scaled =
        static_cast<Wide>(std::max<std::int64_t>(0, amount.nanos())) * static_cast<Wide>(factor.numerator);
    return NanoUsd{static_cast<std::int64_t>((scaled + divisor - 1) / divisor)};
}

bool has_results(const providers::StoredObject& told) { return !told.output_file.empty() || !told.error_file.empty(); }

}  // namespace

NanoUsd line_cost_at_most(const policies::Price& price, const shelf::Line& line, Timestamp at) {
    const policies::Bounds bounds{.input = line.input, .at = at};
    // The factor is of tokens; the fee for a request is in the sum, and stays whole.
    const NanoUsd whole = policies::cost_at_most(price, bounds, line.output);
    const NanoUsd fee = std::min(whole, price.per_request);
    return fee + at_factor(whole - fee, price.batch);
}

Result<BatchWorst> batch_worst(const policies::Price& price, const std::vector<shelf::Line>& lines, Timestamp at) {
    BatchWorst worst;
    for (const shelf::Line& line : lines) {
        worst.cost += line_cost_at_most(price, line, at);
        worst.input += line.input;
        worst.output += line.output;
        if (worst.cost > batch_cost_max || worst.input + worst.output > batch_tokens_max)
            return fail(
                Fault::invalid_request,
                fmt::format(
                    "This batch could cost more than {} or {} tokens, which is too much for one. Lower the limits of "
                    "output tokens of its calls, or split it.",
                    batch_cost_max.for_people(), batch_tokens_max));
    }
    return worst;
}

BatchBill::BatchBill(Terms terms, const std::vector<shelf::Line>& lines) : terms_(terms) {
    for (const shelf::Line& line : lines) waiting_.emplace(line.name, line);
}

void BatchBill::add(NanoUsd cost, const Usage& usage) {
    // A provider that lies about every line must not overflow the sums.
    sum_.cost = std::min(sum_.cost + cost, batch_cost_max);
    sum_.tokens += std::min(usage.total(), policies::call_tokens_max);
    for (const auto field : token_fields) usage_.*field += std::min(usage.*field, policies::call_tokens_max);
    ++sum_.calls;
}

void BatchBill::add_worst(const shelf::Line& line) {
    add(line_cost_at_most(terms_.price, line, terms_.at), {.input = line.input, .output = line.output});
}

void BatchBill::take(std::string_view text) {
    const auto result = providers::read_batch_result(text);
    if (!result) return;
    const auto found = waiting_.find(shelf::name_of(result->custom_id));
    if (found == waiting_.end()) return;
    const shelf::Line line = found->second;
    const bool good = result->status >= 200 && result->status <= 299;
    // A line without any answer may be one that will still have one, in the other file.
    if (result->status == 0) {
        unmade_.insert(line.name);
        return;
    }
    waiting_.erase(found);
    unmade_.erase(line.name);
    if (!good) return;
    ++answered_;
    const auto meter = providers::Meter::make({.endpoint = terms_.endpoint, .streamed = false});
    static_cast<void>(meter->pass_whole(result->body));
    const providers::Reading reading = meter->finish(line.input);
    if (!reading.understood || reading.source != UsageSource::provider) return add_worst(line);
    Served served = reading.served;
    served.service_tier = batch_tier;
    add(policies::cost(terms_.price, reading.usage, served, terms_.at), reading.usage);
}

std::int64_t BatchBill::untold(const providers::StoredObject& told) const {
    const auto all = static_cast<std::int64_t>(waiting_.size());
    // Some providers have no numbers yet when they say so; then they are of no use.
    if (told.status == "completed" && !has_results(told) && answered_ == 0) return all;
    if (told.completed) return std::clamp<std::int64_t>(*told.completed - answered_, 0, all);
    if (told.status == "completed") return all;
    return told.status == "failed" ? 0 : all - static_cast<std::int64_t>(unmade_.size());
}

bool BatchBill::whole(const providers::StoredObject& told) const { return untold(told) == 0; }

Amounts BatchBill::finish(const providers::StoredObject& told) {
    std::vector<shelf::Line> rest;
    for (const auto& [name, line] : waiting_) rest.push_back(line);
    std::ranges::sort(rest, std::greater{}, [&](const shelf::Line& line) {
        return std::tuple(!unmade_.contains(line.name), line_cost_at_most(terms_.price, line, terms_.at), line.name);
    });
    for (std::int64_t i = 0, count = untold(told); i < count; ++i) add_worst(rest[static_cast<std::size_t>(i)]);
    waiting_.clear();
    policies::Charge charge = terms_.charge;
    charge.per_call = charge.per_call * sum_.calls;
    sum_.charge = sum_.calls == 0 ? NanoUsd{} : policies::charged(charge, sum_.cost);
    return sum_;
}

}  // namespace bursar::gateway
