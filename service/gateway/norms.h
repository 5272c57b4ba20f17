#pragma once

#include "service/base/money.h"

#include <array>
#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace bursar::gateway {

/// How long answers have been, lately: counts by size, of which the older ones weigh less and less.
class OutputNorm {
  public:
    /// Fewer answers than these tell nothing.
    static constexpr int answers_min = 8;

    void observe(Tokens output);
    /// Nine of ten answers were no longer; none while too few are known.
    std::optional<Tokens> expected() const;

  private:
    /// Bounds 32, 45, 64, 91, … 92,682: each is the one before times the root of two. Longer answers count as the last.
    static constexpr std::size_t buckets = 24;
    static std::size_t bucket_of(Tokens output);

    std::array<float, buckets> counts_{};
    int answers_ = 0;  ///< up to answers_min
};

/// What the calls of each key to each model are expected to need. Of one shard, which learns from its own calls only.
class Norms {
  public:
    static constexpr std::size_t entries_max = 4'096;  ///< the one that was not used for longest goes

    void observe(std::string_view key, std::string_view model, Tokens output);
    /// Of this key with this model; else of the model, whoever called it; else none.
    std::optional<Tokens> expected(std::string_view key, std::string_view model);
    std::size_t size() const { return by_name_.size(); }

  private:
    struct Entry {
        std::string name;
        OutputNorm norm;
    };
    /// Its norm, now the newest; null if it is not known.
    OutputNorm* find(std::string_view name);
    OutputNorm& find_or_make(std::string_view name);
    /// Until the next one is asked for.
    std::string_view name_of(std::string_view key, std::string_view model);

    std::list<Entry> entries_;  ///< the one that was used last is the first
    std::unordered_map<std::string_view, std::list<Entry>::iterator> by_name_;
    std::string name_;  ///< that is asked for: every call asks for two
};

}  // namespace bursar::gateway
