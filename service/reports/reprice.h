#pragma once

#include "policies/snapshot.h"
#include "service/audit/usage.h"

#include <array>
#include <string>

namespace bursar::reports {

/// What sums of usage would cost on another model: its first channel's price of the moment, token class by class. Sums
/// do not know the single calls, so what a price says of the whole request or of the hour of day stays out.
class Repricing {
  public:
    /// invalid_request if the model is unknown, virtual or without a price.
    static Result<Repricing> on(const policies::Snapshot& rules, const std::string& model, Timestamp now);
    NanoUsd cost(const audit::UsageSums& sums) const;

  private:
    static constexpr std::size_t classes = 15;
    std::array<NanoUsd, classes> rates_{};  ///< of a million tokens, or of some images, searches and the like
    NanoUsd per_request_;
};

}  // namespace bursar::reports
