#pragma once

#include "installer/setup/answers.h"
#include "installer/setup/files.h"
#include "installer/setup/findings.h"
#include "installer/setup/system.h"

#include <span>
#include <string_view>

namespace bursar::setup {

/// What a step may look at besides the answers.
struct Surroundings {
    const Paths& paths;
    System& system;
};

/// A part of the set-up with a name: its questions are those of its sections, its check says what is wrong with their
/// answers and with what they point at. A check changes nothing.
struct Step {
    std::string_view name;      ///< "master-key"
    std::string_view sections;  ///< "master_key operator"
    std::string_view about;
    Findings (*check)(const Answers&, const Surroundings&);

    bool has(const Question& question) const;
};

/// In the order in which they are taken.
std::span<const Step> all_steps();
/// Null: there is no such step.
const Step* step_of(std::string_view name);

Findings check_host(const Answers& answers, const Surroundings& around);
Findings check_certificate_step(const Answers& answers, const Surroundings& around);
Findings check_master_key(const Answers& answers, const Surroundings& around);
Findings check_recovery(const Answers& answers, const Surroundings& around);
Findings check_directory(const Answers& answers, const Surroundings& around);
Findings check_oidc(const Answers& answers, const Surroundings& around);
Findings check_provider(const Answers& answers, const Surroundings& around);
Findings check_team(const Answers& answers, const Surroundings& around);
Findings check_alerts(const Answers& answers, const Surroundings& around);
Findings check_backup(const Answers& answers, const Surroundings& around);

/// Whether the text is a name as the policy has them: small letters, digits, dots and dashes, at most 64.
bool is_name(std::string_view text);
/// "https://host…" with a host and without blanks, a user or a fragment.
bool is_https(std::string_view url);

}  // namespace bursar::setup
