#include "tests/bench/usage_traffic.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace bursar::bench {
namespace {

constexpr std::size_t teams = 40, keys = 1'000;

/// Of a working day, hour by hour (UTC); a weekend has a fifth of it.
constexpr std::array<double, 24> by_hour = {1, 1,  1,  1,  1, 2, 4, 8, 12, 12, 11, 9,
                                            9, 12, 12, 11, 9, 6, 4, 3, 2,  2,  1,  1};

}  // namespace

Traffic::Traffic(Timestamp start, std::uint64_t calls, std::uint64_t seed) : random_(seed), start_(start) {
    make_models();
    make_keys();
    std::vector<double> weights;
    for (int hour = 0; hour < days * 24; ++hour) {
        const bool weekend = hour / 24 % 7 >= 5;
        weights.push_back(by_hour[static_cast<std::size_t>(hour % 24)] * (weekend ? 0.2 : 1.0));
    }
    double all = 0, before = 0;
    for (const double weight : weights) all += weight;
    std::uint64_t given = 0;
    for (const double weight : weights) {
        before += weight;
        const auto until = static_cast<std::uint64_t>(std::llround(static_cast<double>(calls) * before / all));
        per_hour_.push_back(until - given);
        given = until;
    }
}

void Traffic::make_models() {
    const std::array<std::string, 4> providers = {"openai", "azure", "anthropic", "local"};
    for (std::size_t i = 0; i < 12; ++i) {
        Model model{.name = fmt::format("model-{}", i), .tier = i < 3 ? "frontier" : i < 8 ? "standard" : "small"};
        model.channels.push_back(providers[i % 4] + "/" + model.name);
        if (i % 2 == 0) model.channels.push_back(providers[(i + 1) % 4] + "/" + model.name);
        model.nanos_in = 5'000 / static_cast<std::int64_t>(i + 1);
        model.nanos_out = model.nanos_in * 4;
        models_.push_back(std::move(model));
    }
}

void Traffic::make_keys() {
    std::vector<double> weights;
    for (std::size_t i = 0; i < keys; ++i) {
        const std::size_t team = i % teams;
        Key key{.id = fmt::format("{:012x}", i * 2'654'435'761U),
                .team = fmt::format("team-{}", team),
                .person = i % 10 == 0 ? "" : fmt::format("person-{}@example.com", i * 7 % 800),
                .cost_centre = fmt::format("cc-{}", 4000 + team / 3)};
        for (int m = 0; m < 3; ++m) key.models.push_back(static_cast<std::size_t>(below(12)));
        key.tags = {"", "", fmt::format("project-{}", team * 2 + i % 2), fmt::format("project-{},nightly", team * 2)};
        keys_.push_back(std::move(key));
        weights.push_back(1.0 / std::pow(static_cast<double>(i % 250 + 1), 0.7));
    }
    whose_ = std::discrete_distribution<std::size_t>(weights.begin(), weights.end());
}

void Traffic::fill_usage(audit::Outcome& outcome, const Model& model) {
    outcome.usage.input = 200 + below(4'000);
    if (below(3) == 0) outcome.usage.cache_read = 1'000 + below(20'000);
    if (below(10) == 0) outcome.usage.cache_write_5m = 1'000 + below(5'000);
    outcome.usage.output = 20 + below(1'500);
    outcome.usage_source = UsageSource::provider;
    outcome.cost = NanoUsd(model.nanos_in * outcome.usage.input + model.nanos_in / 10 * outcome.usage.cache_read +
                           model.nanos_out * outcome.usage.output);
    outcome.charge = NanoUsd(outcome.cost.nanos() / 10 * 11);
    outcome.held = NanoUsd(outcome.cost.nanos() * 2);
    outcome.price_version = random_();
}

void Traffic::fill_ending(audit::Outcome& outcome) {
    const auto chance = below(1'000);
    if (chance < 5) {
        outcome.status = 402;
        outcome.fault = "budget_exhausted";
        outcome.attempt = AttemptId{};
        outcome.attempts = 0;
        outcome.usage = {};
        outcome.cost = outcome.charge = outcome.held = NanoUsd();
    } else if (chance < 15) {
        outcome.status = 502;
        outcome.fault = "provider_unavailable";
    } else if (chance < 25) {
        outcome.status = 503;
        outcome.fault = "provider_unavailable";
        outcome.superseded = true;
    }
}

audit::Outcome Traffic::call_at(Timestamp at) {
    const Key& key = keys_[whose_(random_)];
    const Model& model = models_[key.models[static_cast<std::size_t>(below(3))]];
    audit::Outcome outcome;
    outcome.call = CallId::make(at);
    outcome.attempt = AttemptId::make(at);
    outcome.at = at;
    outcome.duration = std::chrono::microseconds(100'000 + below(100) * below(100) * 2'000);
    outcome.first_byte = outcome.duration / 4;
    outcome.overhead = std::chrono::microseconds(100 + below(200));
    outcome.key_id = key.id;
    outcome.team = key.team;
    outcome.person = key.person;
    outcome.cost_centre = key.cost_centre;
    outcome.tags = key.tags[static_cast<std::size_t>(below(4))];
    outcome.address = fmt::format("10.0.{}.{}", below(4), below(50));
    outcome.streamed = below(3) != 0;
    outcome.model = model.name;
    outcome.tier = model.tier;
    const bool second = model.channels.size() > 1 && below(10) == 0;
    outcome.channel = model.channels[second ? 1 : 0];
    outcome.provider_request_id = fmt::format("req_{:016x}{:08x}", random_(), random_() >> 32);
    outcome.status = 200;
    outcome.attempts = 1;
    fill_usage(outcome, model);
    fill_ending(outcome);
    return outcome;
}

std::vector<audit::Outcome> Traffic::next(std::size_t count_max) {
    while (hour_ < per_hour_.size() && made_in_hour_ == per_hour_[hour_]) {
        ++hour_;
        made_in_hour_ = 0;
    }
    std::vector<audit::Outcome> calls;
    if (hour_ == per_hour_.size()) return calls;
    const std::uint64_t all = per_hour_[hour_];
    const Timestamp hour = start_ + std::chrono::hours(hour_);
    for (; calls.size() < count_max && made_in_hour_ < all; ++made_in_hour_)
        calls.push_back(call_at(hour + std::chrono::hours(1) * static_cast<std::int64_t>(made_in_hour_) /
                                           static_cast<std::int64_t>(all)));
    return calls;
}

}  // namespace bursar::bench
