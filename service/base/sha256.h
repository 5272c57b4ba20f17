#pragma once

#include "service/base/crypto.h"

#include <memory>
#include <string_view>

namespace bursar {

/// sha256() of what comes in pieces.
class Sha256 {
  public:
    Sha256();
    ~Sha256();
    Sha256(const Sha256&) = delete;
    Sha256& operator=(const Sha256&) = delete;
    void add(std::string_view bytes);
    /// Once, after the last piece.
    Digest end();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace bursar
