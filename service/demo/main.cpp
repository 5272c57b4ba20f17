// bursar-demo-provider: reads its command line, listens, and serves until SIGTERM or SIGINT.
#include "service/demo/bench.h"
#include "service/demo/provider.h"
#include "service/edge/server.h"

#include <csignal>
#include <cstdio>
#include <fstream>
#include <sys/resource.h>

#include <fmt/format.h>

namespace bursar::demo {
namespace {

constexpr int exit_ok = 0, exit_failed = 1, exit_usage = 2, exit_configuration = 78;

int say(const Error& error) {
    std::fputs(fmt::format("bursar-demo-provider: {}\n", error.operator_text()).c_str(), stderr);
    return error.fault == Fault::wrong_configuration ? exit_configuration : exit_failed;
}

Result<Secret> read_key(const std::filesystem::path& path) {
    std::ifstream file(path);
    std::string line;
    if (!std::getline(file, line) || line.empty())
        return fail(Fault::wrong_configuration,
                    fmt::format("The key file {} cannot be read or its first line is empty.", path.string()));
    return Secret(std::move(line));
}

/// Whole or not at all: whoever waits for the file reads a port.
Result<void> write_port(const std::filesystem::path& path, std::uint16_t port) {
    const std::filesystem::path fresh = path.string() + ".new";
    std::ofstream file(fresh);
    file << port << '\n';
    file.close();
    std::error_code error;
    if (file) std::filesystem::rename(fresh, path, error);
    if (!file || error)
        return fail(Fault::wrong_configuration, fmt::format("The port file {} cannot be written.", path.string()));
    return {};
}

edge::Limits limits() {
    edge::Limits limits;
    limits.connections_max = limits.connections_per_address_max = 100'000;
    limits.calls_max = 100'000;
    limits.keep_alive = std::chrono::hours(1);
    limits.drain = std::chrono::milliseconds(200);
    return limits;
}

/// Two sockets per stream in the bench: take what the system gives.
void raise_file_limit() {
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
}

Result<std::optional<LineFile>> open_lines(const std::filesystem::path& path) {
    if (path.empty()) return std::optional<LineFile>();
    TRY(LineFile file, LineFile::open(path));
    return std::optional<LineFile>(std::move(file));
}

Result<void> serve(const Options& options) {
    sigset_t ending;
    sigemptyset(&ending);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGINT);
    // Before any thread starts, so that each inherits it and only this one takes the signal.
    pthread_sigmask(SIG_BLOCK, &ending, nullptr);
    raise_file_limit();

    TRY(const std::optional<LineFile> bill, open_lines(options.bill_file));
    TRY(const std::optional<LineFile> log, open_lines(options.log_file));
    Provider::Settings settings;
    if (!options.key_file.empty()) {
        TRY(settings.key, read_key(options.key_file));
    }
    settings.prices = options.prices;
    settings.bill = bill ? &*bill : nullptr;
    settings.log = log ? &*log : nullptr;
    settings.log_bodies = options.log_bodies;
    const SystemClock clock;
    Provider provider(std::move(settings), clock);
    BenchProvider bench(options.bench);
    edge::Handler& handler = options.bench.on ? static_cast<edge::Handler&>(bench) : provider;

    const edge::Listen listen{.address = options.address,
                              .port = options.port,
                              .certificate = options.certificate,
                              .private_key = options.private_key};
    TRY(const auto server, edge::Server::create(listen, limits(), options.shards, handler,
                                                [](const edge::RequestHead&) { return false; }));
    server->start();
    if (!options.port_file.empty()) {
        const Result<void> written = write_port(options.port_file, server->port());
        if (!written) {
            server->stop();
            return written;
        }
    }
    std::fputs(fmt::format("listening on {}:{}\n", options.address, server->port()).c_str(), stdout);
    std::fflush(stdout);
    int signal = 0;
    sigwait(&ending, &signal);
    server->stop();
    return {};
}

int run(const std::vector<std::string>& words) {
    const Result<Options> options = read_options(words);
    if (!options) {
        std::fputs(
            fmt::format("bursar-demo-provider: {}\nTry: bursar-demo-provider --help\n", options.error().for_caller)
                .c_str(),
            stderr);
        return exit_usage;
    }
    if (options->help) {
        std::fputs(std::string(help_text()).c_str(), stdout);
        return exit_ok;
    }
    if (options->version) {
        std::fputs("bursar-demo-provider " BURSAR_VERSION "\n", stdout);
        return exit_ok;
    }
    const Result<void> served = serve(*options);
    return served ? exit_ok : say(served.error());
}

}  // namespace
}  // namespace bursar::demo

int main(int count, char** words) { return bursar::demo::run(std::vector<std::string>(words + 1, words + count)); }
