#include "service/gateway/metrics.h"

#include "service/base/money.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace bursar::gateway {
namespace {

constexpr std::array<std::int64_t, 15> duration_bounds = {1'000,     2'500,     5'000,      10'000,     25'000,
                                                          50'000,    100'000,   250'000,    500'000,    1'000'000,
                                                          2'500'000, 5'000'000, 10'000'000, 30'000'000, 120'000'000};
constexpr std::array<std::int64_t, 12> overhead_bounds = {50,    100,   200,    300,    500,    1'000,
                                                          2'000, 5'000, 10'000, 25'000, 50'000, 250'000};
constexpr std::array<std::string_view, 14> token_classes = {
    "input",        "cache_read",  "cache_write_5m", "cache_write_1h", "output",     "reasoning", "audio_input",
    "audio_output", "image_input", "image_output",   "web_searches",   "characters", "seconds",   "search_units"};

constexpr std::array<std::string_view, 4> account_kinds = {"org", "team", "person", "key"};

std::array<std::int64_t, 14> classes_of(const Usage& usage) {
    return {usage.input,        usage.cache_read,  usage.cache_write_5m, usage.cache_write_1h, usage.output,
            usage.reasoning,    usage.audio_input, usage.audio_output,   usage.image_input,    usage.image_output,
            usage.web_searches, usage.characters,  usage.seconds,        usage.search_units};
}

}  // namespace

std::string_view name_of(Endpoint endpoint) { return facts(endpoint).name; }

void Histogram::add(std::chrono::nanoseconds value) {
    const std::int64_t microseconds = std::chrono::duration_cast<std::chrono::microseconds>(value).count();
    std::size_t bucket = 0;
    while (bucket < bounds_.size() && microseconds > bounds_[bucket]) ++bucket;
    counts_[bucket].fetch_add(1, std::memory_order_relaxed);
    sum_microseconds_.fetch_add(microseconds, std::memory_order_relaxed);
}

void write_family(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
    out += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

void Histogram::write(std::string& out, std::string_view name, std::string_view help) const {
    write_family(out, name, "histogram", help);
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < bounds_.size(); ++i) {
        sum += counts_[i].load(std::memory_order_relaxed);
        out += fmt::format("{}_bucket{{le=\"{}\"}} {}\n", name, static_cast<double>(bounds_[i]) / 1e6, sum);
    }
    sum += counts_[bounds_.size()].load(std::memory_order_relaxed);
    out += fmt::format("{0}_bucket{{le=\"+Inf\"}} {1}\n{0}_sum {2}\n{0}_count {1}\n", name, sum,
                       static_cast<double>(sum_microseconds_.load(std::memory_order_relaxed)) / 1e6);
}

Metrics::Metrics() : duration_(duration_bounds), first_byte_(duration_bounds), overhead_(overhead_bounds) {}

void Metrics::count(const audit::Outcome& outcome) {
    const auto classes = classes_of(outcome.usage);
    static_assert(token_classes.size() == classes_count && std::tuple_size_v<decltype(classes)> == classes_count);
    for (std::size_t i = 0; i < classes.size(); ++i)
        if (classes[i] != 0) tokens_[i].fetch_add(classes[i], std::memory_order_relaxed);
    cost_nanos_.fetch_add(outcome.cost.nanos(), std::memory_order_relaxed);
    if (outcome.superseded) {
        failed_over_.fetch_add(1, std::memory_order_relaxed);
        const MutexLock lock(mutex_);
        count_channel(outcome);
        return;
    }
    if (outcome.usage_source == UsageSource::estimated) estimated_.fetch_add(1, std::memory_order_relaxed);
    duration_.add(outcome.duration);
    if (outcome.first_byte.count() > 0) first_byte_.add(outcome.first_byte);
    overhead_.add(outcome.overhead);

    const bool good = outcome.status == 200 && outcome.fault.empty();
    if (good) good_[static_cast<std::size_t>(outcome.endpoint)].fetch_add(1, std::memory_order_relaxed);
    const MutexLock lock(mutex_);
    if (!good) ++calls_[Label{std::string(name_of(outcome.endpoint)), outcome.status, outcome.fault}];
    count_channel(outcome);
}

void Metrics::count_channel(const audit::Outcome& outcome) {
    if (outcome.channel.empty() || outcome.attempts == 0) return;
    ChannelCounts& channel = channels_[outcome.channel];
    ++channel.calls;
    const bool failed = outcome.superseded || outcome.fault == "provider_unavailable" ||
                        outcome.fault == "deadline_passed" || outcome.status >= 500;
    if (failed) ++channel.failures;
}

void Metrics::refused_before_identity(std::string_view fault) {
    const MutexLock lock(mutex_);
    ++calls_[Label{"", facts(Fault::unauthenticated).http_status, std::string(fault)}];
}

void Metrics::rate_limited(std::string_view account) {
    const auto kind = std::ranges::find(account_kinds, account.substr(0, account.find(':')));
    if (kind == account_kinds.end()) return;
    rate_limited_[static_cast<std::size_t>(kind - account_kinds.begin())].fetch_add(1, std::memory_order_relaxed);
}

std::string Metrics::text() const {
    std::string out;
    write_family(out, "bursar_calls_total", "counter", "Calls by endpoint, status given and fault.");
    for (std::size_t i = 0; i < endpoints; ++i)
        if (const auto count = good_[i].load(std::memory_order_relaxed); count > 0)
            out += fmt::format("bursar_calls_total{{endpoint=\"{}\",status=\"200\",fault=\"\"}} {}\n",
                               name_of(static_cast<Endpoint>(i)), count);
    {
        const MutexLock lock(mutex_);
        for (const auto& [label, count] : calls_)
            out += fmt::format("bursar_calls_total{{endpoint=\"{}\",status=\"{}\",fault=\"{}\"}} {}\n", label.endpoint,
                               label.status, label.fault, count);
        write_family(out, "bursar_channel_calls_total", "counter", "Calls that went to a channel.");
        for (const auto& [name, channel] : channels_)
            out += fmt::format("bursar_channel_calls_total{{channel=\"{}\"}} {}\n", name, channel.calls);
        write_family(out, "bursar_channel_failures_total", "counter", "Calls that a channel failed.");
        for (const auto& [name, channel] : channels_)
            out += fmt::format("bursar_channel_failures_total{{channel=\"{}\"}} {}\n", name, channel.failures);
    }
    write_family(out, "bursar_tokens_total", "counter", "Tokens and units by class; each is in one class.");
    for (std::size_t i = 0; i < token_classes.size(); ++i)
        out += fmt::format("bursar_tokens_total{{class=\"{}\"}} {}\n", token_classes[i],
                           tokens_[i].load(std::memory_order_relaxed));
    write_family(out, "bursar_cost_usd_total", "counter", "Money booked for finished calls.");
    out += fmt::format("bursar_cost_usd_total {}\n", NanoUsd{cost_nanos_.load(std::memory_order_relaxed)}.text());
    write_family(out, "bursar_calls_estimated_total", "counter", "Calls whose usage the provider did not tell.");
    out += fmt::format("bursar_calls_estimated_total {}\n", estimated_.load(std::memory_order_relaxed));
    write_family(out, "bursar_attempts_failed_over_total", "counter", "Attempts that another one followed.");
    out += fmt::format("bursar_attempts_failed_over_total {}\n", failed_over_.load(std::memory_order_relaxed));
    write_family(out, "bursar_rate_limited_total", "counter",
                 "Calls that a limit of requests, tokens or calls at once refused, by kind of account.");
    for (std::size_t i = 0; i < account_kinds.size(); ++i)
        out += fmt::format("bursar_rate_limited_total{{account=\"{}\"}} {}\n", account_kinds[i],
                           rate_limited_[i].load(std::memory_order_relaxed));
    write_family(out, "bursar_streams_open", "gauge", "Streams that are being relayed.");
    out += fmt::format("bursar_streams_open {}\n", streams_open_.load(std::memory_order_relaxed));
    duration_.write(out, "bursar_call_duration_seconds", "From the head of the request to the end of the answer.");
    first_byte_.write(out, "bursar_first_byte_seconds", "From the whole request to the first byte of the answer.");
    overhead_.write(out, "bursar_overhead_seconds",
                    "Time not spent waiting for caller or provider, up to the head of the answer.");
    return out;
}

ChannelCounts Metrics::channel(std::string_view name) const {
    const MutexLock lock(mutex_);
    const auto found = channels_.find(name);
    return found == channels_.end() ? ChannelCounts{} : found->second;
}

}  // namespace bursar::gateway
