#pragma once

#include "service/ctl/outcome.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

// What coding agents need in their own settings to call this service. Pure: text in, text out.
namespace bursar::ctl {

struct AgentWishes {
    std::string origin;               ///< "https://gateway.example:8443"
    std::string key_file;             ///< where the virtual key is: no settings file has it
    std::string ca_file;              ///< empty: what the system trusts
    std::vector<std::string> models;  ///< that its user may call
};

struct Agent {
    std::string_view name;      ///< "codex"
    std::string_view variable;  ///< names its folder; empty: none does
    std::string_view folder;    ///< else this one, below the home
    std::string_view file;
    /// The file as it was (empty: there is none) with what is ours in it; all else stays. Refuses a file that cannot be
    /// read for sure, with what to do about it.
    Outcome<std::string> (*merge)(std::string_view before, const AgentWishes& wishes);
};

std::span<const Agent> all_agents();

}  // namespace bursar::ctl
