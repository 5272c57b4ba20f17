// bursar-courier: connects to the service, carries what it is handed to where it goes, and says how that went.
#include "integrations/courier/courier.h"
#include "integrations/courier/curl_http.h"
#include "integrations/courier/line.h"
#include "integrations/courier/lookout.h"
#include "integrations/courier/options.h"
#include "integrations/courier/privileges.h"
#include "integrations/courier/qt_http.h"
#include "integrations/courier/reports.h"
#include "service/base/log.h"

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <string>
#include <sys/signalfd.h>
#include <unistd.h>
#include <vector>

#include <QCoreApplication>
#include <QSocketNotifier>
#include <QTimer>
#include <fmt/format.h>

namespace bursar::courier {
namespace {

constexpr int exit_ok = 0, exit_failed = 1, exit_usage = 2, exit_configuration = 78;
constexpr std::chrono::seconds finish_max{10};

/// A terminal that cannot be written to has nobody who could be told so.
void tell(std::FILE* where, std::string_view text) {
    static_cast<void>(std::fwrite(text.data(), 1, text.size(), where));
}

int say(const Error& error) {
    const bool is_usage = error.fault == Fault::invalid_request;
    tell(stderr,
         fmt::format("bursar-courier: {}\n{}", error.for_caller, is_usage ? "Try: bursar-courier --help\n" : ""));
    if (is_usage) return exit_usage;
    return error.fault == Fault::wrong_configuration ? exit_configuration : exit_failed;
}

void after(std::chrono::milliseconds time, std::function<void()> then) { QTimer::singleShot(time, std::move(then)); }

/// Everything between the socket and the targets.
class House {
  public:
    explicit House(const Options& options)
        : curl_(loop_),
          smtp_(loop_),
          means_{.webhooks = curl_, .services = qt_, .smtp = smtp_, .timer = after, .clock = clock_},
          line_(options.socket, {.hello = [] { return integrations::write_hello(own_hello()); },
                                 .frame = [this](std::string frame) { return take(std::move(frame)); }}),
          courier_([this](const Delivery& delivery) { return courier::tell(means_, delivery); },
                   [this](const Receipt& receipt) { hear(receipt); }, clock_),
          lookout_([this](const Watch& watch) { return look_at_jira(means_, watch); },
                   [this](const Sighting& sighting) { line_.send(integrations::write_sighting(sighting)); }) {}

    void open() { line_.open(); }

    /// Ends the event loop as soon as nothing is under way, in ten seconds at the latest.
    void finish() {
        if (std::exchange(finishing_, true)) return;
        log::info("stopping", {{"under_way", courier_.under_way()}});
        courier_.close();
        lookout_.close();
        QTimer::singleShot(finish_max, [this] { end(); });
        if (courier_.under_way() == 0) end();
    }

  private:
    static integrations::Hello own_hello() {
        return {.version = BURSAR_VERSION, .at_once = static_cast<int>(Courier::at_once_max)};
    }

    /// False: whoever sent this does not speak our language.
    bool take(std::string frame) {
        if (integrations::is_watch(frame)) return take_watch(std::move(frame));
        auto delivery = integrations::read_delivery(frame);
        const std::string id = delivery ? delivery->id : integrations::delivery_id(frame);
        wipe(frame.data(), frame.size());
        if (delivery) {
            take(*std::move(delivery));
            return true;
        }
        log::error("delivery_not_understood", {{"delivery", id}, {"reason", delivery.error().operator_text()}});
        if (id.empty()) return false;
        hear({.id = id, .outcome = Outcome::refused, .reason = delivery.error().for_caller});
        return true;
    }

    void take(Delivery delivery) {
        const Result<void> prepared = prepare_report(delivery.message, delivery.target);
        if (prepared) return courier_.take(std::move(delivery));
        log::error("report_not_written",
                   {{"delivery", delivery.id}, {"reason", std::string(prepared.error().operator_text())}});
        hear({.id = delivery.id, .outcome = Outcome::refused, .reason = prepared.error().for_caller});
    }

    bool take_watch(std::string frame) {
        auto watch = integrations::read_watch(frame);
        wipe(frame.data(), frame.size());
        if (watch)
            lookout_.take(*std::move(watch));
        else
            log::error("watch_not_understood", {{"reason", watch.error().operator_text()}});
        return watch.has_value();
    }

    void hear(const Receipt& receipt) {
        line_.send(integrations::write_receipt(receipt));
        if (finishing_ && courier_.under_way() == 0) end();
    }

    void end() {
        line_.close();
        QCoreApplication::exit(exit_ok);
    }

    SystemClock clock_;
    CurlLoop loop_;
    CurlHttp curl_;
    CurlSmtp smtp_;
    QtHttp qt_;
    Means means_;
    Line line_;
    Courier courier_;
    Lookout lookout_;
    bool finishing_ = false;
};

/// Signals as something to read. Blocked before there is any thread, so that no other one hears them.
int open_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int one : {SIGTERM, SIGINT}) sigaddset(&set, one);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
    return ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int serve(const Options& options, int signal_file, QCoreApplication& application) {
    House house(options);
    QSocketNotifier heard(signal_file, QSocketNotifier::Read);
    QObject::connect(&heard, &QSocketNotifier::activated, &application, [signal_file, &house] {
        signalfd_siginfo one{};
        if (::read(signal_file, &one, sizeof one) == static_cast<ssize_t>(sizeof one)) house.finish();
    });
    log::info("ready", {{"version", BURSAR_VERSION}});
    house.open();
    const int code = QCoreApplication::exec();
    log::info("stopped");
    return code;
}

int run(const std::vector<std::string>& words, int& count, char** arguments) {
    const Result<Options> options = read_options(words);
    if (!options) return say(options.error());
    if (options->help || options->version) {
        tell(stdout, options->help ? help_text : std::string_view("bursar-courier " BURSAR_VERSION "\n"));
        return exit_ok;
    }
    if (!options->user.empty())
        if (const Result<void> became = become(options->user); !became) return say(became.error());
    if (const Result<void> kept = keep_to_itself(); !kept) return say(kept.error());
    const int signal_file = open_signals();
    if (signal_file < 0) return say({.fault = Fault::internal, .for_caller = "No signal can be heard."});
    log::set_level(options->level);
    log::start();
    QCoreApplication application(count, arguments);
    const int code = serve(*options, signal_file, application);
    log::stop();
    return code;
}

}  // namespace
}  // namespace bursar::courier

int main(int count, char** arguments) {
    return bursar::courier::run({arguments + 1, arguments + count}, count, arguments);
}
