// The steps about this machine: host, master key, recovery key, backups.
#include "installer/setup/steps/step.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>

#include <fmt/format.h>

namespace bursar::setup {
namespace {

constexpr std::size_t host_bytes_max = 253, label_bytes_max = 63;
constexpr std::size_t passphrase_bytes_min = 12;
constexpr long hours_max = 720, keep_max = 1000;
/// Nobody can have this program before it was written; a clock that says so is one that was never set.
constexpr auto written_in = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1);

bool is_label(std::string_view label) {
    return !label.empty() && label.size() <= label_bytes_max && label.front() != '-' && label.back() != '-' &&
           label.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

/// A host name in small letters (RFC 1123, 2.1).
bool is_host(std::string_view name) {
    if (name.empty() || name.size() > host_bytes_max) return false;
    while (true) {
        const std::size_t dot = name.find('.');
        if (!is_label(name.substr(0, dot))) return false;
        if (dot == std::string_view::npos) return true;
        name.remove_prefix(dot + 1);
    }
}

bool is_address(const std::string& text) {
    std::array<unsigned char, sizeof(in6_addr)> bytes{};
    return inet_pton(AF_INET, text.c_str(), bytes.data()) == 1 || inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1;
}

/// What systemd knows of the clock. Without systemd nobody can be asked, which is no mistake.
void look_at_clock(Findings& out, System& system) {
    if (system.now() < written_in) {
        out.wrong(fmt::format("The clock says {}; set it: timedatectl set-ntp true", to_text(system.now())));
        return;
    }
    const auto asked = system.run({.file = "timedatectl", .words = {"show", "--property=NTPSynchronized", "--value"}});
    if (!asked || asked->exit_code != 0)
        out.note("Whether the clock is kept right cannot be told; budgets and certificates go by it.");
    else if (asked->output.size() < 3 || !equal_in_constant_time(asked->output.reveal().substr(0, 3), "yes"))
        out.note("The clock follows no time server; budgets and certificates go by it: timedatectl set-ntp true");
    else
        out.good("The clock follows a time server.");
}

}  // namespace

Findings check_host(const Answers& answers, const Surroundings& around) {
    Findings out("host");
    const std::string name = answers.get("host.name");
    if (!is_host(name) && !is_address(name))
        out.wrong(
            fmt::format("host.name is \"{}\"; write a name in small letters, such as bursar.corp.example.", name));
    else if (!is_address(name) && !around.system.is_known(name))
        out.note(fmt::format("{} has no address yet; give it one in the company's DNS.", name));
    else
        out.good(fmt::format("{} is a name with an address.", name));
    if (!is_address(answers.get("host.address")))
        out.wrong(fmt::format("host.address is \"{}\"; write an IPv4 or IPv6 address, such as :: for all.",
                              answers.get("host.address")));
    if (const long port = number_of(answers.get("host.port"), 5); port < 1 || port > 65535)
        out.wrong(fmt::format("host.port is \"{}\"; write a number from 1 to 65535.", answers.get("host.port")));
    if (answers.get("host.time_zone").find_first_of("\"' ") != std::string::npos)
        out.wrong(fmt::format("host.time_zone is \"{}\"; write a name such as Europe/Berlin.",
                              answers.get("host.time_zone")));
    look_at_clock(out, around.system);
    return out;
}

Findings check_master_key(const Answers& answers, const Surroundings& around) {
    Findings out("master-key");
    const std::string source = answers.get("master_key.source");
    if (source == "credential") {
        const auto known = around.system.run({.file = "systemd-creds", .words = {"--version"}});
        if (!known || known->exit_code != 0)
            out.wrong("systemd-creds is not on this machine; write master_key.source = file, or passphrase.");
        const bool wants_chip = answers.is("master_key.with", "tpm2");
        const auto chip = around.system.run({.file = "systemd-creds", .words = {"has-tpm2", "--quiet"}});
        if (!out.is_wrong() && wants_chip && (!chip || chip->exit_code != 0))
            out.wrong("This machine has no TPM 2 that systemd can use; write master_key.with = host.");
        if (!out.is_wrong()) out.good("systemd keeps the master key encrypted for this machine.");
    } else if (source == "passphrase") {
        const auto phrase = read_secret_file(answers.get("master_key.passphrase_file"));
        if (!answers.has("master_key.passphrase_file"))
            out.wrong("master_key.passphrase_file is missing; the vault is made with what is in it.");
        else if (!phrase)
            out.wrong(phrase.error().for_caller);
        else if (phrase->size() < passphrase_bytes_min)
            out.wrong(fmt::format("The passphrase has fewer than {} bytes; take a longer one.", passphrase_bytes_min));
        else
            out.note("A person types the passphrase after each start: bursarctl vault unseal");
    } else {
        out.good("The master key lies in a file that the service alone reads.");
    }
    if (!is_name(answers.get("operator.name")))
        out.wrong(fmt::format("operator.name is \"{}\"; write small letters, digits, dots and dashes.",
                              answers.get("operator.name")));
    if (!answers.get("operator.token_file").starts_with('/'))
        out.wrong("operator.token_file is no whole path; write one that begins with /.");
    return out;
}

Findings check_recovery(const Answers& answers, const Surroundings&) {
    Findings out("recovery");
    const std::string file = answers.get("recovery.file");
    if (answers.is("recovery.make", "no"))
        out.note(
            "Without a recovery key everything is lost with this machine's master key; make one later: "
            "bursar-offline --make-recovery-key");
    else if (!file.empty() && !file.starts_with('/'))
        out.wrong("recovery.file is no whole path; write one that begins with /.");
    else
        out.good("A recovery key is made by the set-up.");
    return out;
}

Findings check_backup(const Answers& answers, const Surroundings&) {
    Findings out("backup");
    const std::string folder = answers.get("backup.folder");
    if (folder == "none") {
        out.note("No backups are made; whoever loses the disk loses the books.");
        return out;
    }
    if (!folder.starts_with('/') || folder.find_first_of("\"%") != std::string::npos)
        out.wrong("backup.folder is no whole path; write one that begins with /, without \" and %, or none.");
    if (const long hours = number_of(answers.get("backup.every_hours"), 4); hours < 0 || hours > hours_max)
        out.wrong(fmt::format("backup.every_hours is \"{}\"; write a number from 0 to {}.",
                              answers.get("backup.every_hours"), hours_max));
    if (const long keep = number_of(answers.get("backup.keep"), 4); keep < 1 || keep > keep_max)
        out.wrong(
            fmt::format("backup.keep is \"{}\"; write a number from 1 to {}.", answers.get("backup.keep"), keep_max));
    if (!out.is_wrong()) out.good(fmt::format("Backups go to {}.", folder));
    return out;
}

}  // namespace bursar::setup
