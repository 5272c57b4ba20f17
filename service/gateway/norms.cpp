#include "service/gateway/norms.h"

#include <algorithm>
#include <cstdint>

namespace bursar::gateway {
namespace {

constexpr std::array<Tokens, 24> bounds = {32,    45,     64,     91,     128,    181,    256,    362,
                                           512,   724,    1'024,  1'448,  2'048,  2'896,  4'096,  5'793,
                                           8'192, 11'585, 16'384, 23'170, 32'768, 46'341, 65'536, 92'682};
/// By each further answer: after fifty, what was before weighs a third.
constexpr float fading = 1.0F - 1.0F / 50;
constexpr float part = 0.9F;

/// A name holds neither: keys are of letters and digits, and no name of a model has a line break.
constexpr char separator = '\n';

}  // namespace

std::size_t OutputNorm::bucket_of(Tokens output) {
    static_assert(bounds.size() == buckets);
    const auto bucket = static_cast<std::size_t>(std::ranges::lower_bound(bounds, output) - bounds.begin());
    return std::min(bucket, buckets - 1);
}

void OutputNorm::observe(Tokens output) {
    for (float& count : counts_) count *= fading;
    counts_[bucket_of(output)] += 1;
    answers_ = std::min(answers_ + 1, answers_min);
}

std::optional<Tokens> OutputNorm::expected() const {
    if (answers_ < answers_min) return {};
    float all = 0;
    for (const float count : counts_) all += count;
    float sum = 0;
    for (std::size_t i = 0; i < bounds.size(); ++i) {
        sum += counts_[i];
        if (sum >= part * all) return bounds[i];
    }
    return {};
}

std::string_view Norms::name_of(std::string_view key, std::string_view model) {
    name_.assign(key).append(1, separator).append(model);
    return name_;
}

OutputNorm* Norms::find(std::string_view name) {
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return &found->second->norm;
}

OutputNorm& Norms::find_or_make(std::string_view name) {
    if (OutputNorm* const known = find(name)) return *known;
    if (by_name_.size() >= entries_max) {
        by_name_.erase(entries_.back().name);
        entries_.pop_back();
    }
    entries_.push_front({std::string(name), {}});
    by_name_.emplace(entries_.front().name, entries_.begin());
    return entries_.front().norm;
}

void Norms::observe(std::string_view key, std::string_view model, Tokens output) {
    find_or_make(name_of(key, model)).observe(output);
    find_or_make(name_of({}, model)).observe(output);
}

std::optional<Tokens> Norms::expected(std::string_view key, std::string_view model) {
    if (const OutputNorm* const own = find(name_of(key, model)))
        if (const auto known = own->expected()) return known;
    const OutputNorm* const of_all = find(name_of({}, model));
    return of_all != nullptr ? of_all->expected() : std::nullopt;
}

}  // namespace bursar::gateway
