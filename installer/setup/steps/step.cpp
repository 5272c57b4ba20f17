#include "installer/setup/steps/step.h"

#include <algorithm>
#include <array>

namespace bursar::setup {
namespace {

constexpr std::array steps = {
    Step{"host", "host", "Name, address and time of this machine.", check_host},
    Step{"certificate", "certificate", "TLS for everybody who connects.", check_certificate_step},
    Step{"master-key", "master_key operator", "What opens the vault, and who administers the service.",
         check_master_key},
    Step{"recovery", "recovery", "A printed key for when this machine is lost.", check_recovery},
    Step{"directory", "directory", "Accounts that people have already.", check_directory},
    Step{"oidc", "oidc", "Sign-in by a provider of identities.", check_oidc},
    Step{"provider", "provider", "Where calls go.", check_provider},
    Step{"team", "team", "Who may call, and for how much money.", check_team},
    Step{"alerts", "alerts", "Who hears of trouble.", check_alerts},
    Step{"backup", "backup", "Copies of everything.", check_backup},
};

constexpr std::string_view name_letters = "abcdefghijklmnopqrstuvwxyz0123456789.-_";
constexpr std::size_t name_bytes_max = 64;

}  // namespace

std::span<const Step> all_steps() { return steps; }

const Step* step_of(std::string_view name) {
    const auto found = std::ranges::find(steps, name, &Step::name);
    return found == steps.end() ? nullptr : &*found;
}

bool Step::has(const Question& question) const {
    const std::string_view section = question.key.substr(0, question.key.find('.'));
    for (std::string_view rest = sections; !rest.empty();) {
        const std::size_t end = std::min(rest.find(' '), rest.size());
        if (rest.substr(0, end) == section) return true;
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return false;
}

bool is_name(std::string_view text) {
    return !text.empty() && text.size() <= name_bytes_max &&
           text.find_first_not_of(name_letters) == std::string_view::npos && text.front() != '.' && text.front() != '-';
}

bool is_https(std::string_view url) {
    if (!url.starts_with("https://")) return false;
    url.remove_prefix(8);
    return !url.empty() && url.front() != '/' && url.front() != ':' &&
           url.find_first_of(" \t@#\\\"<>") == std::string_view::npos;
}

}  // namespace bursar::setup
