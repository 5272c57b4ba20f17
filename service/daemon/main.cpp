// bursard: reads its command line, keeps its memory to itself, starts the service and waits for signals.
#include "auth/ldap/resolve.h"
#include "policies/egress.h"
#include "service/base/guarded_clock.h"
#include "service/base/log.h"
#include "service/daemon/offline.h"
#include "service/daemon/pair_files.h"
#include "service/daemon/service.h"
#include "service/daemon/supervisor.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

namespace bursar::daemon {
namespace {

/// Two questions of DNS for each domain.
constexpr std::chrono::seconds look_up_takes{10};
constexpr int exit_ok = 0, exit_failed = 1, exit_usage = 2, exit_configuration = 78;

constexpr std::array<std::string_view, 8> with_value = {"--config",      "--egress",  "--issue-operator", "--role",
                                                        "--break-glass", "--restore", "--fetch-backup",   "--to"};

constexpr std::string_view help =
    "bursard: one governed endpoint in front of language-model providers\n"
    "\n"
    "  bursard --config FILE                  serve until SIGTERM; SIGHUP reads the certificate again\n"
    "  bursard --config FILE --check          read configuration and policy, say what is wrong\n"
    "  bursard --config FILE --egress FOLDER [--look-up]\n"
    "                                         print where the policy in FOLDER lets service and courier go: a line\n"
    "                                         USER HOST PORT each, for a firewall. With --look-up the servers that\n"
    "                                         DNS names for a directory's domain stand in the place of its name\n"
    "  bursard --config FILE --issue-operator NAME [--role operator|auditor|finance]\n"
    "                                         print a new operator token (the service must not run); makes the\n"
    "                                         vault if there is none. A passphrase is asked for, or read from\n"
    "                                         standard input\n"
    "  bursard --config FILE --break-glass NAME\n"
    "                                         print the passphrase of a local operator for when no directory answers,\n"
    "                                         in place of the former one (the service must not run)\n"
    "  bursard --config FILE --seal-break-glass\n"
    "                                         from now on no passphrase opens (the service must not run)\n"
    "  bursard --config FILE --restore FILE [--check-only] [--recovery-key]\n"
    "                                         put a backup in the place of the state (the service must not run);\n"
    "                                         --check-only says whether it could be. With --recovery-key it is opened\n"
    "                                         by that, and by the master key of the configuration afterwards\n"
    "  bursard --config FILE --fetch-backup NAME --to FILE\n"
    "                                         get a backup back from [backup_target]; the secret of its account is "
    "asked\n"
    "                                         for, or read from standard input\n"
    "  bursard --config FILE --make-recovery-key\n"
    "                                         print a key that opens the vault when the master key is lost, in place "
    "of\n"
    "                                         the former one (the service must not run)\n"
    "  bursard --config FILE --use-recovery-key\n"
    "                                         ask for it; the master key of the configuration opens the vault from\n"
    "                                         then on (the service must not run)\n"
    "  bursard --config FILE --pair           of the primary: make the pairing secret and print it; of the standby: "
    "ask\n"
    "                                         for it, or read it from standard input, and begin as its standby (the\n"
    "                                         service must not run)\n"
    "  bursard --config FILE --take-over [--primary-is-off]\n"
    "                                         ask the service that runs here to let the standby take over; or, on the\n"
    "                                         standby, to take over although the primary cannot be asked: you answer "
    "for\n"
    "                                         its being off\n"
    "  bursard --config FILE --alone          ask the primary that runs here to go on without its standby: you answer "
    "for\n"
    "                                         the standby's being off\n"
    "  bursard --help | --version\n"
    "\n"
    "Exit status: 0 ok, 1 failed, 2 wrong usage, 78 wrong configuration. See bursard(8).\n";

struct Arguments {
    std::string config;
    bool check = false;
    std::optional<std::string> egress;
    bool looks_up = false;
    std::optional<std::string> issue_operator;
    auth::Role role = auth::Role::operator_;
    std::optional<std::string> break_glass;
    bool seal_break_glass = false;
    std::optional<Restore> restore;
    std::optional<Fetch> fetch;
    bool make_recovery_key = false;
    bool use_recovery_key = false;
    bool pair = false;
    std::optional<Wish> wish;
    /// Standard output belongs to the answer of a command.
    bool is_command() const {
        return check || egress || issue_operator || break_glass || seal_break_glass || restore || fetch ||
               make_recovery_key || use_recovery_key || pair || wish;
    }
};

/// A terminal that cannot be written to has nobody who could be told so.
void tell(std::FILE* where, const std::string& text) { static_cast<void>(std::fputs(text.c_str(), where)); }

int say(const Error& error) {
    tell(stderr, fmt::format("bursard: {}\n", error.for_caller));
    if (!error.for_operator.empty() && error.for_operator != error.for_caller)
        tell(stderr, fmt::format("bursard: {}\n", error.for_operator));
    return error.fault == Fault::wrong_configuration || error.fault == Fault::unauthenticated ? exit_configuration
                                                                                              : exit_failed;
}

int wrong_usage(std::string_view why) {
    tell(stderr, fmt::format("bursard: {}\nTry: bursard --help\n", why));
    return exit_usage;
}

Result<std::optional<Wish>> wish_of(bool take_over, bool primary_is_off, bool alone) {
    if (primary_is_off && !take_over) return fail(Fault::invalid_request, "--primary-is-off belongs to --take-over");
    if (take_over && alone) return fail(Fault::invalid_request, "--take-over and --alone exclude each other");
    if (alone) return Wish::alone;
    if (!take_over) return std::nullopt;
    return primary_is_off ? Wish::take_over_primary_is_off : Wish::take_over;
}

/// Whoever may write the state folder may ask; the service that runs looks twice a second.
Result<void> tell_wish(const Configuration& configuration, Wish wish) {
    if (!configuration.standby)
        return fail(Fault::wrong_configuration, "The configuration has no [standby]; see docs/operate/standby.md.");
    TRY_VOID(make_wish(configuration.state_folder, wish));
    tell(stderr, "The service has been asked. How it went: bursarctl standby status, /readyz, or the log.\n");
    return {};
}

Result<Arguments> parse(const std::vector<std::string>& words) {
    Arguments out;
    bool only_check = false, by_recovery_key = false;
    bool take_over = false, primary_is_off = false, alone = false;
    Fetch fetch;
    const std::map<std::string_view, bool*> switches = {{"--check", &out.check},
                                                        {"--look-up", &out.looks_up},
                                                        {"--seal-break-glass", &out.seal_break_glass},
                                                        {"--make-recovery-key", &out.make_recovery_key},
                                                        {"--use-recovery-key", &out.use_recovery_key},
                                                        {"--check-only", &only_check},
                                                        {"--recovery-key", &by_recovery_key},
                                                        {"--pair", &out.pair},
                                                        {"--take-over", &take_over},
                                                        {"--primary-is-off", &primary_is_off},
                                                        {"--alone", &alone}};
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string& word = words[i];
        if (const auto flag = switches.find(word); flag != switches.end()) {
            *flag->second = true;
            continue;
        }
        if (std::ranges::find(with_value, word) == with_value.end())
            return fail(Fault::invalid_request, fmt::format("unknown argument \"{}\"", word));
        if (i + 1 == words.size()) return fail(Fault::invalid_request, fmt::format("{} needs a value", word));
        const std::string& value = words[++i];
        if (word == "--config") {
            out.config = value;
        } else if (word == "--egress") {
            out.egress = value;
        } else if (word == "--issue-operator") {
            out.issue_operator = value;
        } else if (word == "--break-glass") {
            out.break_glass = value;
        } else if (word == "--restore") {
            out.restore = Restore{.file = value};
        } else if (word == "--fetch-backup") {
            fetch.name = value;
        } else if (word == "--to") {
            fetch.to = value;
        } else {
            const auto role = auth::role_of(value);
            if (!role)
                return fail(Fault::invalid_request,
                            fmt::format("unknown role \"{}\"; roles are operator, auditor, finance", value));
            out.role = *role;
        }
    }
    if (!out.restore && (only_check || by_recovery_key))
        return fail(Fault::invalid_request, "--check-only and --recovery-key belong to --restore FILE");
    if (out.restore) {
        out.restore->only_check = only_check;
        out.restore->by_recovery_key = by_recovery_key;
    }
    if (out.looks_up && !out.egress) return fail(Fault::invalid_request, "--look-up belongs to --egress FOLDER");
    if (fetch.name.empty() != fetch.to.empty())
        return fail(Fault::invalid_request, "--fetch-backup NAME and --to FILE belong together");
    if (!fetch.name.empty()) out.fetch = fetch;
    TRY(out.wish, wish_of(take_over, primary_is_off, alone));
    if (out.config.empty()) return fail(Fault::invalid_request, "--config FILE is missing");
    return out;
}

/// No core files and no debugger of another process: provider keys are in this memory.
void keep_memory_private() {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/// The policy of a folder as it would come into force; empty: of no company's documents.
Result<std::shared_ptr<const policies::Snapshot>> policy_of(const Configuration& configuration,
                                                            const std::filesystem::path& folder) {
    TRY(const auto defaults, policies::read_folder(configuration.policy_defaults));
    std::vector<policies::Document> documents;
    if (!folder.empty()) {
        TRY(documents, policies::read_folder(folder));
    }
    policies::Parsed parsed = policies::parse(defaults, documents, 1);
    for (const std::string& warning : parsed.warnings) tell(stderr, fmt::format("warning: {}\n", warning));
    if (parsed.problems.empty()) return std::move(parsed.snapshot);
    std::string all;
    for (const policies::Problem& problem : parsed.problems) all += "\n" + problem.message();
    return fail(Fault::wrong_configuration, "The policy is wrong:" + all);
}

Result<void> check(const Configuration& configuration) {
    TRY_VOID(policy_of(configuration, configuration.policy_initial));
    return {};
}

/// "b.corp.example 443" of "https://b.corp.example".
std::string host_and_port(const Peer& peer) {
    std::string_view rest = peer.origin;
    const std::string_view standard = rest.starts_with("https://") ? "443" : "80";
    rest.remove_prefix(rest.find("//") + 2);
    const std::size_t colon = rest.find(':', rest.starts_with('[') ? rest.find(']') : 0);
    if (colon == std::string_view::npos) return fmt::format("{} {}", rest, standard);
    return fmt::format("{} {}", rest.substr(0, colon), rest.substr(colon + 1));
}

/// The servers that DNS names now, as the service would find them and with the ports that it would take.
void print_servers(const policies::DirectoryPolicy& directory) {
    const auto found =
        ldap::servers_of_domain(directory.domain, directory.kind == policies::DirectoryKind::active_directory,
                                std::chrono::steady_clock::now() + look_up_takes);
    if (!found)
        tell(stderr,
             fmt::format("The servers of the domain {} are left out: {}.\n", directory.domain, found.error().text));
    else
        for (const ldap::Server& one : *found) tell(stdout, fmt::format("bursar {} {}\n", one.host, one.port));
}

Result<void> print_egress(const Configuration& configuration, const std::string& folder, bool looks_up) {
    TRY(const auto rules, policy_of(configuration, folder));
    const policies::Egress egress = policies::egress_of(*rules);
    for (const policies::Destination& one : egress.destinations) {
        if (one.by_srv && looks_up) continue;
        tell(stdout, fmt::format("{} {} {}{}\n", one.who == policies::Goer::service ? "bursar" : "bursar-courier",
                                 one.host, one.port, one.by_srv ? " srv" : ""));
    }
    if (looks_up)
        for (const auto& [name, directory] : rules->identity.directories)
            if (!directory.domain.empty()) print_servers(directory);
    for (const std::string& target : egress.hidden)
        tell(stderr, fmt::format("The address of the target \"{}\" is a secret; add its host yourself.\n", target));
    if (configuration.standby) tell(stdout, fmt::format("bursar {}\n", host_and_port(configuration.standby->peer)));
    if (configuration.backup_target)
        tell(stdout, fmt::format("bursar {} {}\n", configuration.backup_target->place.host,
                                 configuration.backup_target->place.port));
    return {};
}

/// The next signal, or 0 after `at_most`. Blocking.
int next_signal(const sigset_t& signals, const std::optional<std::chrono::microseconds>& at_most) {
    int heard = 0;
    if (!at_most) return sigwait(&signals, &heard) == 0 ? heard : SIGTERM;
    const auto seconds = std::chrono::floor<std::chrono::seconds>(*at_most);
    const timespec time{.tv_sec = static_cast<time_t>(seconds.count()),
                        .tv_nsec = static_cast<long>(std::chrono::nanoseconds(*at_most - seconds).count())};
    return std::max(sigtimedwait(&signals, nullptr, &time), 0);
}

/// Until the process has to end, or to start anew. Whoever watches us hears of life only while every shard turns: a
/// service that hangs is ended and started again by them.
enum class Next : std::uint8_t { end, anew };
Next follow(Service& service, const sigset_t& signals, const Supervisor& supervisor) {
    for (;;) {
        const int heard = next_signal(signals, supervisor.watchdog_every());
        if (heard == SIGTERM || heard == SIGINT) return Next::end;
        if (heard == SIGUSR2 && service.starts_anew()) return Next::anew;
        // How it went is in the log.
        if (heard == SIGHUP) static_cast<void>(service.reload_certificate());
        if (!supervisor.watchdog_every()) continue;
        if (service.beats())
            supervisor.say("WATCHDOG=1");
        else
            log::warning("shard_hangs");
    }
}

/// From its start to its end; none if it starts anew then.
std::optional<int> live(Configuration& configuration, const GuardedClock& clock, const sigset_t& signals,
                        const Supervisor& supervisor) {
    Service service(configuration, clock);
    const Result<void> started = service.start();
    if (!started) {
        log::error("not_started", {{"reason", started.error().operator_text()}});
        return say(started.error());
    }
    // Whoever knows this machine by a port that was chosen finds it there again.
    configuration.listen.port = service.port();
    log::info("ready", {{"version", BURSAR_VERSION}, {"open_files_max", edge::raise_file_limit()}});
    supervisor.say(
        fmt::format("READY=1\nSTATUS=Listening on port {}; /readyz says whether calls are served.", service.port()));
    const bool anew = follow(service, signals, supervisor) == Next::anew;
    supervisor.say(anew ? "STATUS=Starting anew: another machine serves now, or this one does."
                        : "STOPPING=1\nSTATUS=Letting streams end.");
    log::info("stopping");
    service.stop();
    log::info("stopped");
    if (anew) return std::nullopt;
    return service.broken() ? exit_failed : exit_ok;
}

int serve(Configuration configuration, const GuardedClock& clock, const Supervisor& supervisor) {
    // Every thread inherits the mask, so that only this one hears signals.
    sigset_t signals;
    sigemptyset(&signals);
    for (const int one : {SIGTERM, SIGINT, SIGHUP, SIGUSR2}) sigaddset(&signals, one);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
    edge::raise_file_limit();
    log::set_level(configuration.log_level);
    log::start();
    for (;;) {
        const auto exit = live(configuration, clock, signals, supervisor);
        // It has taken over, or has been taken over from: everything is built anew over what there is now.
        if (!exit) continue;
        log::stop();
        return *exit;
    }
}

Result<void> carry_out(const Arguments& arguments, const Configuration& configuration, const Clock& clock) {
    if (arguments.check) return check(configuration);
    if (arguments.egress) return print_egress(configuration, *arguments.egress, arguments.looks_up);
    if (arguments.issue_operator)
        return issue_operator(configuration, *arguments.issue_operator, arguments.role, clock);
    if (arguments.break_glass) return make_break_glass(configuration, *arguments.break_glass, clock);
    if (arguments.restore) return restore(configuration, *arguments.restore, clock);
    if (arguments.fetch) return fetch_backup(configuration, *arguments.fetch, clock);
    if (arguments.make_recovery_key) return make_recovery_key(configuration, clock);
    if (arguments.pair) return pair(configuration);
    if (arguments.wish) return tell_wish(configuration, *arguments.wish);
    if (arguments.use_recovery_key) return use_recovery_key(configuration, clock);
    return seal_break_glass(configuration, clock);
}

int run(const std::vector<std::string>& words) {
    for (const std::string& word : words) {
        if (word == "--help" || word == "-h") {
            tell(stdout, std::string(help));
            return exit_ok;
        }
        if (word == "--version") {
            tell(stdout, "bursard " BURSAR_VERSION "\n");
            return exit_ok;
        }
    }
    const Result<Arguments> arguments = parse(words);
    if (!arguments) return wrong_usage(arguments.error().for_caller);
    Result<Configuration> configuration = read_configuration(arguments->config);
    if (!configuration) return say(configuration.error());
    keep_memory_private();
    const SystemClock system_clock;
    const GuardedClock clock(system_clock);
    if (arguments->is_command()) {
        log::set_output(STDERR_FILENO);
        const Result<void> done = carry_out(*arguments, *configuration, clock);
        return done ? exit_ok : say(done.error());
    }
    const Environment environment = [](const char* name) -> std::optional<std::string> {
        const char* value = std::getenv(name);
        return value == nullptr ? std::nullopt : std::optional<std::string>(value);
    };
    auto sockets = inherited_sockets(environment, ::getpid());
    if (!sockets) return say(sockets.error());
    configuration->listen.inherited = *std::move(sockets);
    return serve(std::move(*configuration), clock, Supervisor(environment, ::getpid()));
}

}  // namespace
}  // namespace bursar::daemon

int main(int argc, char** argv) { return bursar::daemon::run({argv + 1, argv + argc}); }
