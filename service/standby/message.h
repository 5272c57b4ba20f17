#pragma once

#include "service/base/result.h"
#include "service/base/secret.h"
#include "service/standby/chain.h"
#include "service/standby/fence.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// Pulls and answers as bytes, each with a code under a key that only the two nodes of a pair can make.
namespace bursar::standby {

inline constexpr std::size_t pull_bytes_max = 256;
inline constexpr std::size_t groups_per_answer_max = 4'096;
inline constexpr std::size_t answer_bytes_max = std::size_t{24} << 20;

/// A letter for the kind and a digit for the version, numbers of variable length, and an HMAC-SHA256 (32 bytes) over
/// all of it. Pulls and answers have keys of their own, so that none is ever taken for the other.
std::string write_pull(const Secret& pairing, const Pull& pull);
/// unauthenticated if it was not made by the other node of this pair, or was changed; invalid_request if it is of
/// another version.
Result<Pull> read_pull(const Secret& pairing, std::string_view bytes);

/// With sealed groups, as they are.
std::string write_answer(const Secret& pairing, const Answer& answer, const std::vector<std::string>& groups);
struct ReadAnswer {
    Answer answer;
    std::vector<std::string> groups;
};
/// As read_pull().
Result<ReadAnswer> read_answer(const Secret& pairing, std::string_view bytes);

/// The standby asks for the pages of a base that differ from its own.
struct BaseAsk {
    std::uint64_t run = 0;
    Part part = Part::service_database;
    std::uint32_t first = 1;
    std::uint32_t count = 0;
    std::string codes = {};  ///< raw_code_bytes of each page that it has from `first` on, at most `count`
    bool operator==(const BaseAsk&) const = default;
};
inline constexpr std::uint32_t base_pages_max = 2'048;
/// What one ask is for: its codes fit into a request of somebody whom the edge does not know.
inline constexpr std::uint32_t base_pages_per_ask = 1'024;

struct BasePages {
    std::uint64_t run = 0;
    Part part = Part::service_database;
    std::uint32_t first = 1;       ///< as it was asked
    std::uint32_t file_pages = 0;  ///< how long the file is
    std::uint64_t newest = 0;      ///< the last group that there was once these had been read
    std::vector<std::uint32_t> numbers = {};
    std::string bytes = {};
    bool operator==(const BasePages&) const = default;
};

std::string write_base_ask(const Secret& pairing, const BaseAsk& ask);
Result<BaseAsk> read_base_ask(const Secret& pairing, std::string_view bytes);
std::string write_base_pages(const Secret& pairing, const BasePages& pages);
Result<BasePages> read_base_pages(const Secret& pairing, std::string_view bytes);

}  // namespace bursar::standby
