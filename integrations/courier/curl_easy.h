#pragma once

#include "integrations/courier/http.h"

#include <array>
#include <chrono>
#include <string>

namespace bursar::courier {

/// One transfer of libcurl with our limits on it.
class Easy {
  public:
    Easy();
    ~Easy();
    Easy(const Easy&) = delete;
    Easy& operator=(const Easy&) = delete;
    void* get() const { return handle_; }
    void limit(std::chrono::seconds whole);
    /// Whom to trust, and by which proxy to go; `url` may be of this machine, which no proxy is asked for.
    void go(const Way& way, std::string_view url);
    /// What a CURLcode means, in words without the address.
    std::string trouble(int code) const;

  private:
    static constexpr std::size_t detail_bytes = 256;  // CURL_ERROR_SIZE, compared in the source
    void* handle_ = nullptr;
    std::array<char, detail_bytes> detail_{};
};

}  // namespace bursar::courier
