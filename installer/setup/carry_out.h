#pragma once

#include "installer/setup/steps/step.h"

#include <functional>
#include <string>
#include <vector>

namespace bursar::setup {

/// How the set-up reaches the rest of Bursar.
struct Means {
    Paths paths;
    System& system;
    std::string bursard;  ///< empty: bursar-offline, which is bursard as the service's user
    std::string bursarctl = "bursarctl";
    std::string url;        ///< where the service answers already; empty: it is started, on a machine
    std::string challenge;  ///< the program that answers a CA, elsewhere than on a machine
    bool starts = true;     ///< whether units are started, on a machine
    /// Shows the recovery key and asks for it again; false: the person does not have it. Empty: there is nobody.
    std::function<bool(const Secret&)> show_recovery_key;
    std::function<void(const Finding&)> tell;  ///< each thing as it is done
};

/// Every step's check. Nothing is changed.
std::vector<Finding> check_all(const Answers& answers, const Surroundings& around);

/// Writes what follows from answers that were checked, makes the vault, its first operator and the recovery key,
/// starts the service, and puts secrets into it. Stops at the first thing that is wrong; may be run again, and then
/// keeps keys and vault that are there.
std::vector<Finding> carry_out(const Answers& answers, const Means& means);

}  // namespace bursar::setup
