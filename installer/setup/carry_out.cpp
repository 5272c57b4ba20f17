#include "installer/setup/carry_out.h"

#include "installer/setup/acme.h"
#include "installer/setup/certificate.h"
#include "installer/setup/plan.h"
#include "service/base/crypto.h"

#include <algorithm>
#include <iterator>
#include <ranges>
#include <utility>

#include <fmt/format.h>

namespace bursar::setup {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t pem_bytes_max = 256 << 10, master_key_bytes = 32, serial_bytes = 16, said_bytes_max = 600;
constexpr std::chrono::seconds start_takes{180}, renewal_takes{330};
/// Of a line in which bursard --check tells what it takes and what yet has no good end.
constexpr std::string_view warning_begins = "warning: ";

std::string last_words(const Ran& ran) {
    std::string said = ran.errors.substr(0, said_bytes_max);
    while (said.ends_with('\n')) said.pop_back();
    return said.empty() ? fmt::format("exit code {}", ran.exit_code) : said;
}

/// One run of the set-up, from the files to the calls of the service.
class Work {
  public:
    Work(const Answers& answers, const Means& means)
        : answers_(answers),
          means_(means),
          paths_(means.paths),
          has_vault_(fs::exists(paths_.state() / "vault/keyring")) {}

    std::vector<Finding> take_findings() && { return std::move(findings_); }

    Result<void> all() {
        TRY_VOID(make_folders());
        TRY_VOID(write_certificate());
        TRY_VOID(write_master_key());
        TRY_VOID(write_policy());
        TRY_VOID(write_configuration());
        TRY_VOID(make_operator());
        TRY_VOID(make_recovery_key());
        TRY_VOID(start());
        return call_service();
    }

    void say(Weight weight, std::string_view step, std::string text) {
        findings_.push_back({weight, std::string(step), std::move(text)});
        if (means_.tell) means_.tell(findings_.back());
    }
    std::string_view step() const { return step_; }

  private:
    void done(std::string text) { say(Weight::good, step_, std::move(text)); }

    Result<void> write(File file) {
        TRY(const bool kept, write_file(file, paths_, means_.system.now()));
        done(fmt::format("{} is written{}.", file.path.string(), kept ? "; what was there is kept beside it" : ""));
        return {};
    }

    /// One that a person would have to answer for: what it says is what they need to know.
    Result<Ran> must(Program program, std::string_view what) {
        TRY(Ran ran, means_.system.run(program));
        if (ran.exit_code != 0) return fail(Fault::invalid_request, fmt::format("{} {}", what, last_words(ran)));
        return ran;
    }

    Program offline(std::vector<std::string> words) const {
        Program out{.file = means_.bursard.empty() ? "/usr/sbin/bursar-offline" : means_.bursard};
        if (!means_.bursard.empty()) out.words = {"--config", paths_.configuration().string()};
        std::ranges::move(words, std::back_inserter(out.words));
        return out;
    }

    /// The passphrase, where that opens the vault.
    Result<Secret> opener() const {
        if (!answers_.is("master_key.source", "passphrase")) return Secret();
        return read_secret_file(answers_.get("master_key.passphrase_file"));
    }

    Result<void> make_folders() {
        TRY_VOID(make_folder({paths_.etc()}, paths_));
        TRY_VOID(make_folder({paths_.etc() / "tls"}, paths_));
        TRY_VOID(make_folder({paths_.etc() / "policy"}, paths_));
        TRY_VOID(make_folder({paths_.state(), Owner::service}, paths_));
        if (answers_.is("backup.folder", "none")) return {};
        return make_folder({paths_.at(answers_.get("backup.folder")), Owner::service}, paths_);
    }

    Result<void> write_certificate() {
        step_ = "certificate";
        if (answers_.is("certificate.source", "acme")) return get_certificate();
        stop_renewals();
        const fs::path chain = paths_.etc() / "tls/server.pem", key = paths_.etc() / "tls/server.key";
        if (answers_.is("certificate.source", "files")) {
            TRY(std::string given, read_file(answers_.get("certificate.certificate"), pem_bytes_max));
            TRY(std::string given_key, read_file(answers_.get("certificate.private_key"), pem_bytes_max));
            TRY_VOID(write({key, Secret(std::move(given_key))}));
            return write({chain, Secret(std::move(given))});
        }
        if (is_good_pair(chain, key)) {
            done("The certificate that is there is kept.");
            return {};
        }
        TRY(Pair made, make_self_signed(answers_.get("host.name"), means_.system.now(),
                                        static_cast<int>(number_of(answers_.get("certificate.days"))),
                                        means_.system.random_bytes(serial_bytes)));
        TRY(const CertificateFacts facts,
            check_certificate(made.certificate, made.private_key, answers_.get("host.name"), means_.system.now()));
        TRY_VOID(write({key, std::move(made.private_key)}));
        TRY_VOID(write({chain, Secret(std::move(made.certificate))}));
        done(fmt::format("Self-signed until {}, SHA-256 {}", to_text(facts.until), facts.fingerprint));
        return {};
    }

    /// By the unit that renews it later, too: what does not work in its sandbox is better known now.
    Result<void> get_certificate() {
        TRY_VOID(prepare_acme(answers_, paths_, means_.system.now()));
        const AcmeFiles files = AcmeFiles::in(paths_);
        if (!paths_.is_machine()) {
            TRY_VOID(renew_certificate(answers_, files, means_.challenge, means_.system));
        } else {
            TRY(const Ran ran,
                means_.system.run(
                    {.file = "systemctl", .words = {"start", "bursar-certificate.service"}, .at_most = renewal_takes}));
            if (ran.exit_code != 0) return fail(Fault::invalid_request, why_no_certificate());
            TRY_VOID(must({.file = "systemctl", .words = {"enable", "--now", "bursar-certificate.timer"}},
                          "The certificate would not be renewed; systemd does not take its timer:"));
        }
        TRY(const std::string chain, read_file(files.served, pem_bytes_max));
        TRY(std::string key, read_file(files.key, pem_bytes_max));
        TRY(const CertificateFacts facts,
            check_certificate(chain, Secret(std::move(key)), answers_.get("host.name"), means_.system.now()));
        done(fmt::format("The CA {} gave a certificate until {}, SHA-256 {}; it is renewed by itself.", facts.issuer,
                         to_text(facts.until), facts.fingerprint));
        return {};
    }

    std::string why_no_certificate() const {
        const auto port =
            means_.system.run({.file = "systemctl", .words = {"is-failed", "--quiet", "bursar-challenge.socket"}});
        if (port && port->exit_code == 0)
            return "Port 80, where the CA asks, cannot be opened; stop the web server that has it. systemctl status "
                   "bursar-challenge.socket says more.";
        const auto said = means_.system.run({.file = "journalctl",
                                             .words = {"--unit", "bursar-certificate.service", "--identifier",
                                                       "bursar-setup", "--lines", "1", "--output", "cat"}});
        return said && said->exit_code == 0 && !said->output.empty()
                   ? std::string(said->output.reveal().substr(0, 2 * said_bytes_max))
                   : "No certificate came; journalctl -u bursar-certificate says why.";
    }

    /// Another source was chosen than before: what a timer would renew nobody would see.
    void stop_renewals() {
        std::error_code ignored;
        if (!fs::remove(AcmeFiles::in(paths_).answers, ignored) || !paths_.is_machine()) return;
        static_cast<void>(
            means_.system.run({.file = "systemctl", .words = {"disable", "--now", "bursar-certificate.timer"}}));
    }

    /// People compared the fingerprint of one that was made before: it stays as long as it can.
    bool is_good_pair(const fs::path& chain, const fs::path& key) const {
        const auto text = read_file(chain, pem_bytes_max);
        auto key_text = read_file(key, pem_bytes_max);
        if (!text || !key_text) return false;
        const auto facts =
            check_certificate(*text, Secret(*std::move(key_text)), answers_.get("host.name"), means_.system.now());
        return facts && facts->is_self_signed;
    }

    Result<void> write_master_key() {
        step_ = "master-key";
        const std::string source = answers_.get("master_key.source");
        if (source == "passphrase") return {};
        const fs::path place = source == "file" ? paths_.etc() / "master.key" : paths_.credential();
        if (fs::exists(place)) {
            done(fmt::format("The master key {} is kept.", place.string()));
            return {};
        }
        // A new key opens no old vault, and would hide that the old one is missing.
        if (has_vault_)
            return fail(Fault::conflict,
                        fmt::format("There is a vault in {}, but not its master key {}; bring that back, or choose "
                                    "the source of before.",
                                    paths_.state().string(), place.string()));
        Secret key(to_hex(means_.system.random_bytes(master_key_bytes)) + "\n");
        if (source == "file") return write({place, std::move(key), Owner::service});
        TRY_VOID(make_folder({place.parent_path(), Owner::root}, paths_));
        TRY(Ran ran, must({.file = "systemd-creds",
                           .words = {"encrypt", "--name=bursar-master-key",
                                     "--with-key=" + answers_.get("master_key.with"), "-", "-"},
                           .input = std::move(key)},
                          "systemd-creds does not encrypt the master key; choose another master_key.with or source:"));
        return write({place, std::move(ran.output), Owner::root});
    }

    Result<void> write_policy() {
        step_ = "policy";
        std::string ca;
        if (!answers_.is("directory.kind", "none") && answers_.has("directory.ca_file")) {
            TRY(ca, read_file(answers_.get("directory.ca_file"), pem_bytes_max));
        }
        if (has_vault_)
            say(Weight::note, step_,
                fmt::format("A policy may be in force already; changes come in force by: bursarctl policy apply {}",
                            (paths_.etc() / "policy").string()));
        return write({paths_.etc() / "policy/setup.yaml", Secret(policy_text(answers_, ca))});
    }

    Result<void> write_configuration() {
        step_ = "configuration";
        TRY_VOID(write_drop_in("bursar.socket.d", socket_text(answers_)));
        TRY_VOID(write_drop_in("bursar.service.d", service_text(answers_)));
        TRY_VOID(write({paths_.configuration(), Secret(configuration_text(answers_, paths_))}));
        TRY(const Ran checked, must(offline({"--check"}), "The configuration is not taken:"));
        done("The service takes configuration and policy.");
        tell_warnings(checked.errors);
        return {};
    }

    /// What is taken and yet not as somebody wants it, such as a model without a price.
    void tell_warnings(std::string_view said) {
        for (const auto line : said | std::views::split('\n')) {
            const std::string_view text(line.begin(), line.end());
            if (text.starts_with(warning_begins))
                say(Weight::note, step_, std::string(text.substr(warning_begins.size(), said_bytes_max)));
        }
    }

    Result<void> write_drop_in(std::string_view unit, const std::string& text) {
        if (!paths_.is_machine() || text.empty()) return {};
        const fs::path folder = paths_.at("/etc/systemd/system") / unit;
        TRY_VOID(make_folder({folder, Owner::everybody}, paths_));
        return write({folder / "setup.conf", Secret::copy_of(text), Owner::everybody});
    }

    Result<void> make_operator() {
        step_ = "master-key";
        const fs::path file = paths_.at(answers_.get("operator.token_file"));
        if (has_vault_ && fs::exists(file)) {
            done("The vault and its operators are kept.");
            return {};
        }
        Program program = offline({"--issue-operator", answers_.get("operator.name")});
        TRY(program.input, opener());
        TRY(Ran ran, must(std::move(program), "The first operator cannot be made:"));
        TRY_VOID(make_folder({file.parent_path(), Owner::root}, paths_));
        TRY_VOID(write_file({file, std::move(ran.output), Owner::root}, paths_, means_.system.now()));
        done(fmt::format("The vault is made; the token of the operator {} is in {}.", answers_.get("operator.name"),
                         file.string()));
        return {};
    }

    Result<void> make_recovery_key() {
        step_ = "recovery";
        if (answers_.is("recovery.make", "no")) return {};
        if (has_vault_) {
            say(Weight::note, step_,
                "The vault was there before, so no recovery key is made: a new one would end the former. If there is "
                "none, make one: bursar-offline --make-recovery-key");
            return {};
        }
        Program program = offline({"--make-recovery-key"});
        TRY(program.input, opener());
        TRY(Ran ran, must(std::move(program), "No recovery key can be made:"));
        if (answers_.has("recovery.file")) {
            const fs::path file = paths_.at(answers_.get("recovery.file"));
            TRY_VOID(make_folder({file.parent_path(), Owner::root}, paths_));
            TRY_VOID(write_file({file, std::move(ran.output), Owner::root}, paths_, means_.system.now()));
            done(fmt::format("The recovery key is in {}; print it and delete the file.", file.string()));
            return {};
        }
        if (!means_.show_recovery_key(ran.output))
            return fail(Fault::invalid_request,
                        "The recovery key was not typed as it was shown; make another, with the service stopped: "
                        "bursar-offline --make-recovery-key");
        done("The recovery key is made, and somebody has it.");
        return {};
    }

    Result<void> start() {
        step_ = "service";
        if (!paths_.is_machine() || !means_.starts) return {};
        TRY_VOID(must({.file = "systemctl", .words = {"daemon-reload"}}, "systemd does not read its units:"));
        TRY_VOID(must({.file = "systemctl",
                       .words = {"restart", "bursar.socket", "bursar.service", "bursar-courier.service"},
                       .at_most = start_takes},
                      "The service does not start; look at journalctl -u bursar:"));
        done(fmt::format("The service runs: {}", public_url(answers_)));
        return {};
    }

    Program control(std::vector<std::string> words) const {
        Program out{.file = means_.bursarctl, .at_most = start_takes};
        out.words = {"--url", means_.url.empty() ? public_url(answers_) : means_.url, "--token-file",
                     paths_.at(answers_.get("operator.token_file")).string()};
        const std::string source = answers_.get("certificate.source");
        const std::string ca = source == "self-signed" ? (paths_.etc() / "tls/server.pem").string()
                               : source == "acme"      ? answers_.get("certificate.acme_ca_file")
                                                       : answers_.get("certificate.ca_file");
        if (!ca.empty()) out.words.insert(out.words.end(), {"--ca-file", ca});
        std::ranges::move(words, std::back_inserter(out.words));
        return out;
    }

    /// What does not work now may work later: one of these is no reason to leave the others out.
    void try_out(std::string_view step, std::vector<std::string> words) {
        const std::string command = fmt::format("bursarctl {} {} {}", words[0], words[1], words[2]);
        const auto ran = means_.system.run(control(std::move(words)));
        if (ran && ran->exit_code == 0) return say(Weight::good, step, fmt::format("{} is content.", command));
        std::string why = ran ? last_words(*ran) : ran.error().for_caller;
        if (ran && ran->errors.empty()) why = std::string(ran->output.reveal().substr(0, said_bytes_max));
        say(Weight::wrong, step, fmt::format("{} says: {}", command, why));
    }

    Result<void> unseal() {
        if (!answers_.is("master_key.source", "passphrase")) return {};
        TRY_VOID(must(control({"vault", "unseal", "--passphrase-file", answers_.get("master_key.passphrase_file")}),
                      "The vault does not open:"));
        forget_typed(answers_.get("master_key.passphrase_file"), paths_);
        return {};
    }

    Result<void> call_service() {
        if (means_.url.empty() && (!paths_.is_machine() || !means_.starts)) {
            say(Weight::note, step_,
                "The service was not started; start it, and run this again with --url to put the secrets into it.");
            return {};
        }
        TRY_VOID(unseal());
        for (const WantedSecret& secret : wanted_secrets(answers_)) {
            TRY_VOID(must(control({"secret", "put", secret.name, "--file", secret.file}),
                          fmt::format("The secret {} is not taken:", secret.name)));
            done(forget_typed(secret.file, paths_)
                     ? fmt::format("The vault has the secret {}.", secret.name)
                     : fmt::format("The vault has the secret {}; delete {}.", secret.name, secret.file));
        }
        // Also what was typed and then taken back.
        std::error_code ignored;
        fs::remove_all(paths_.typed(), ignored);
        if (answers_.has("provider.name")) try_out("provider", {"provider", "test", answers_.get("provider.name")});
        if (!answers_.is("directory.kind", "none"))
            try_out("directory", {"directory", "test", answers_.get("directory.name")});
        if (answers_.has("alerts.slack_webhook_file")) try_out("alerts", {"alerts", "test", "slack"});
        if (answers_.has("alerts.jira_url")) try_out("alerts", {"alerts", "test", "jira"});
        return {};
    }

    const Answers& answers_;
    const Means& means_;
    const Paths& paths_;
    const bool has_vault_;  ///< before anything was done
    std::string_view step_ = "files";
    std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> check_all(const Answers& answers, const Surroundings& around) {
    std::vector<Finding> out;
    for (const Step& step : all_steps()) {
        std::vector<Finding> found = step.check(answers, around).take();
        std::ranges::move(found, std::back_inserter(out));
    }
    return out;
}

std::vector<Finding> carry_out(const Answers& answers, const Means& means) {
    Work work(answers, means);
    if (answers.is("recovery.make", "yes") && !answers.has("recovery.file") && !means.show_recovery_key) {
        work.say(Weight::wrong, "recovery",
                 "Nobody is there who could read the recovery key; write recovery.file, or recovery.make = no.");
        return std::move(work).take_findings();
    }
    if (const auto all = work.all(); !all) work.say(Weight::wrong, work.step(), all.error().for_caller);
    return std::move(work).take_findings();
}

}  // namespace bursar::setup
