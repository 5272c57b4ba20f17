#pragma once

#include "service/base/result.h"
#include "service/demo/bill.h"

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace bursar::demo {

/// Answers of a set size at a set pace, made once; no bill and no log.
struct Bench {
    bool on = false;
    std::size_t answer_bytes = 1'024;    ///< of a plain answer
    std::chrono::milliseconds delay{0};  ///< before any answer
    std::int64_t events = 100;           ///< of a stream
    std::size_t event_bytes = 10;        ///< of the text of each event
    std::chrono::milliseconds pause{0};  ///< before each event
};

struct Options {
    bool help = false;
    bool version = false;
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;
    std::filesystem::path port_file;
    std::filesystem::path bill_file;
    std::filesystem::path log_file;
    bool log_bodies = false;
    std::filesystem::path key_file;
    std::filesystem::path certificate;
    std::filesystem::path private_key;
    std::size_t shards = 1;
    PriceList prices;
    Bench bench;
};

/// Reads the command line. invalid_request with a sentence for a person.
Result<Options> read_options(const std::vector<std::string>& words);

/// What --help prints.
std::string_view help_text();

}  // namespace bursar::demo
