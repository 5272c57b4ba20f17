#pragma once

#include "service/base/clock.h"
#include "service/base/money.h"
#include "service/base/result.h"
#include "service/base/usage.h"

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace bursar::demo {

/// What the demo provider takes: one price for every model, in nano-USD per million tokens.
struct PriceList {
    NanoUsd input = NanoUsd(2'500'000'000);
    NanoUsd cache_read = NanoUsd(250'000'000);
    NanoUsd output = NanoUsd::dollars(10);
};

/// Rounded up once, to a whole nano-dollar. Cache writes cost 1.25 x input for five minutes and 2 x for an hour.
NanoUsd price_of(const Usage& usage, const PriceList& prices);

/// One line of the bill.
struct BillLine {
    std::string_view id;
    std::string_view endpoint;
    std::string_view model;
    bool streamed = false;
    bool complete = true;  ///< false: the stream was cut, or the client had left
    Usage usage;           ///< `output` holds `reasoning` too
    std::string_view key_fingerprint;
};

std::string to_json(const BillLine& line, const PriceList& prices, Timestamp at);

/// A file that lines are appended to, each with one write(), so that several threads and processes may share it. Any
/// thread; blocking.
class LineFile {
  public:
    /// Opens or creates it, mode 0600.
    static Result<LineFile> open(const std::filesystem::path& path);
    LineFile(LineFile&& other) noexcept;
    LineFile& operator=(LineFile&&) = delete;
    ~LineFile();
    /// False if the line could not be written whole.
    bool append(std::string line) const;

  private:
    explicit LineFile(int descriptor) : descriptor_(descriptor) {}
    int descriptor_ = -1;
};

std::string_view name_of(Endpoint endpoint);

}  // namespace bursar::demo
