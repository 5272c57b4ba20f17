// bursar-setup: asks, or reads answers; looks whether they can be right; then sets the service up.
#include "installer/setup/acme.h"
#include "installer/setup/carry_out.h"
#include "installer/setup/dialogue.h"
#include "installer/setup/options.h"
#include "installer/setup/real_system.h"

#include <csignal>
#include <cstdio>
#include <iostream>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <QCoreApplication>
#include <fmt/format.h>

namespace bursar::setup {
namespace {

constexpr int exit_ok = 0, exit_wrong = 1, exit_usage = 2;

/// A terminal that cannot be written to has nobody who could be told so.
void tell(std::FILE* where, std::string_view text) {
    static_cast<void>(std::fwrite(text.data(), 1, text.size(), where));
    static_cast<void>(std::fflush(where));
}

int say(const Error& error) {
    tell(stderr, fmt::format("bursar-setup: {}\n", error.for_caller));
    return exit_wrong;
}

/// No core files and no debugger of another process: keys pass through this memory.
void keep_memory_private() {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    ::umask(077);
    static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
}

int show(const std::vector<Finding>& findings, const Options& options) {
    tell(stdout, options.json ? findings_json(findings) : findings_text(findings));
    return is_any_wrong(findings) ? exit_wrong : exit_ok;
}

/// Those of the file that was named; else those of an earlier run, if there was one.
Result<Answers> read_answers(const Options& options, const Paths& paths) {
    const std::filesystem::path file =
        options.answers.empty() ? paths.answers() : std::filesystem::path(options.answers);
    std::error_code error;
    if (options.answers.empty() && !std::filesystem::exists(file, error)) return Answers();
    TRY(const std::string text, read_file(file, Answers::file_bytes_max));
    return Answers::read(text, file.string());
}

Result<void> keep(const Answers& answers, const Paths& paths, const System& system) {
    TRY_VOID(make_folder({paths.etc()}, paths));
    std::error_code error;
    // Half an answer is no former version that anybody would want back.
    std::filesystem::remove(paths.answers(), error);
    TRY_VOID(write_file({paths.answers(), Secret(answers.text()), Owner::root}, paths, system.now()));
    return {};
}

int check(const Options& options, const Answers& answers, const Surroundings& around) {
    if (options.check == "all") return show(check_all(answers, around), options);
    return show(step_of(options.check)->check(answers, around).all(), options);
}

/// The conversation and what follows from it; without answers of a file a person is there.
class Setup {
  public:
    Setup(const Options& options, const Paths& paths)
        : options_(options), paths_(paths), around_{paths_, system_}, dialogue_(std::cin, screen_) {}

    int run() {
        if (options_.renews) return renew();
        auto answers = read_answers(options_, paths_);
        if (!answers) return say(answers.error());
        if (!options_.check.empty()) return check(options_, *answers, around_);
        if (paths_.is_machine() && ::geteuid() != 0)
            return say({.fault = Fault::not_permitted, .for_caller = "Run it as root, who may write to /etc."});
        return options_.answers.empty() ? ask(*answers) : set_up(*answers);
    }

  private:
    int ask(Answers& answers) {
        const auto ended = dialogue_.ask_all(answers, around_,
                                             [this](const Answers& so_far) { return keep(so_far, paths_, system_); });
        if (!ended) return say(ended.error());
        if (*ended == Dialogue::Ended::stopped || !dialogue_.confirm("Set everything up like this?")) {
            tell(stdout, "\nNothing was set up. bursar-setup goes on here; the answers are kept.\n");
            return exit_ok;
        }
        return set_up(answers);
    }

    /// Not as root on a machine: its unit hands over what is root's to read.
    int renew() {
        AcmeFiles files = AcmeFiles::in(paths_);
        if (!options_.answers.empty()) files.answers = options_.answers;
        if (!options_.request.empty()) files.request = options_.request;
        const auto text = read_file(files.answers, Answers::file_bytes_max);
        if (!text) return say(text.error());
        const auto answers = Answers::read(*text, files.answers.string());
        if (!answers) return say(answers.error());
        const auto renewed = renew_certificate(*answers, files, options_.challenge, system_);
        if (!renewed) return say(renewed.error());
        tell(stdout, fmt::format("The certificate {} until {}, SHA-256 {}\n",
                                 renewed->is_new ? "is renewed and lasts" : "needs no renewal; it lasts",
                                 to_text(renewed->facts.until), renewed->facts.fingerprint));
        return exit_ok;
    }

    int set_up(const Answers& answers) {
        std::vector<Finding> findings = check_all(answers, around_);
        if (is_any_wrong(findings)) return show(findings, options_);
        if (const auto kept = keep(answers, paths_, system_); !kept) return say(kept.error());
        Means means{.paths = paths_,
                    .system = system_,
                    .bursard = options_.bursard,
                    .bursarctl = options_.bursarctl,
                    .url = options_.url,
                    .challenge = options_.challenge,
                    .starts = options_.starts};
        if (options_.answers.empty())
            means.show_recovery_key = [this](const Secret& key) { return dialogue_.show_recovery_key(key); };
        if (!options_.json) means.tell = [](const Finding& one) { tell(stderr, findings_text({one})); };
        std::vector<Finding> done = carry_out(answers, means);
        findings.insert(findings.end(), std::make_move_iterator(done.begin()), std::make_move_iterator(done.end()));
        if (!options_.json) tell(stdout, "\nWhat was looked at and done:\n");
        return show(findings, options_);
    }

    /// Writes through to standard output, which belongs to C here.
    class StandardOutput final : public std::streambuf {
      protected:
        int_type overflow(int_type c) override {
            if (c != traits_type::eof()) static_cast<void>(std::fputc(c, stdout));
            return c;
        }
        std::streamsize xsputn(const char* text, std::streamsize count) override {
            return static_cast<std::streamsize>(std::fwrite(text, 1, static_cast<std::size_t>(count), stdout));
        }
        int sync() override { return std::fflush(stdout); }
    };

    const Options& options_;
    const Paths paths_;
    RealSystem system_;
    Surroundings around_;
    StandardOutput standard_output_;
    std::ostream screen_{&standard_output_};
    Dialogue dialogue_;
};

int run(const std::vector<std::string>& words) {
    const Result<Options> options = read_options(words);
    if (!options) {
        tell(stderr, fmt::format("bursar-setup: {}\nTry: bursar-setup --help\n", options.error().for_caller));
        return exit_usage;
    }
    if (options->help || options->version || options->list) {
        const std::string version = "bursar-setup " BURSAR_VERSION "\n";
        tell(stdout, options->help ? std::string(help_text) : options->version ? version : list_text());
        return exit_ok;
    }
    return Setup(*options, Paths{.root = options->root}).run();
}

}  // namespace
}  // namespace bursar::setup

int main(int count, char** words) {
    bursar::setup::keep_memory_private();
    const QCoreApplication application(count, words);
    return bursar::setup::run({words + 1, words + count});
}
