#include "tests/bench/load.h"

#include "tests/bench/answer_reader.h"
#include "tests/bench/process.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <memory>
#include <optional>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

namespace bursar::bench {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Moment = std::chrono::steady_clock::time_point;
template <typename T = void>
using Task = asio::awaitable<T>;

constexpr std::size_t read_bytes = 16 * 1024;
constexpr std::chrono::milliseconds patience{50};

std::chrono::nanoseconds nanoseconds(double seconds) {
    return std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9));
}

/// What stands between the first `before` and the next `end`; its place in the text can be told from it.
std::string_view between(std::string_view text, std::string_view before, char end) {
    const std::size_t found = text.find(before);
    if (found == std::string_view::npos) return {};
    const std::string_view rest = text.substr(found + before.size());
    return rest.substr(0, rest.find(end));
}

/// A plain chat completion without what no two of them have in common.
std::string but_for_id_and_time(std::string body) {
    for (const std::string_view one : {between(body, R"("id":")", '"'), between(body, R"("created":)", ',')})
        if (!one.empty()) std::fill_n(body.begin() + (one.data() - body.data()), one.size(), AnswerReader::any);
    return body;
}

/// One keep-alive connection.
class Client {
  public:
    /// `body_bytes` grows by what is received.
    Client(asio::io_context& context, std::uint16_t port, std::size_t& body_bytes)
        : socket_(context), port_(port), body_bytes_(body_bytes) {}

    bool is_open() const { return socket_.is_open(); }
    void close() { socket_.close(ignored_); }

    Task<bool> connect() {
        error_code error;
        close();
        const tcp::endpoint there(asio::ip::address_v4::loopback(), port_);
        co_await socket_.async_connect(there, asio::redirect_error(asio::use_awaitable, error));
        if (!error) socket_.set_option(tcp::no_delay(true), ignored_);
        co_return !error;
    }

    Task<bool> send(std::string_view bytes) {
        error_code error;
        co_await asio::async_write(socket_, asio::buffer(bytes.data(), bytes.size()),
                                   asio::redirect_error(asio::use_awaitable, error));
        co_return !error;
    }

    /// Feeds the reader until its answer is whole; false if the connection ends before.
    Task<bool> receive(AnswerReader& reader) {
        while (!reader.done() && !reader.wrong()) {
            bool more = co_await receive_some(reader);
            if (!more) co_return false;
        }
        if (reader.closes() || reader.wrong()) close();
        co_return true;
    }
    Task<bool> receive_some(AnswerReader& reader) {
        error_code error;
        const std::size_t bytes =
            co_await socket_.async_read_some(asio::buffer(buffer_), asio::redirect_error(asio::use_awaitable, error));
        if (error) co_return false;
        const std::size_t before = reader.body_bytes();
        reader.feed({buffer_.data(), bytes});
        body_bytes_ += reader.body_bytes() - before;
        co_return true;
    }
    tcp::socket& socket() { return socket_; }

  private:
    tcp::socket socket_;
    std::uint16_t port_;
    std::array<char, read_bytes> buffer_;
    std::size_t& body_bytes_;
    error_code ignored_;
};

class Load {
  public:
    explicit Load(const Plan& plan) : plan_(plan), signals_(context_) {}

    Result<Outcome> run() {
        if (plan_.mode == Mode::disturb) return disturb();
        request_ = request_for(plan_, plan_.model, plan_.stream);
        TRY_VOID(learn_expected());
        if (plan_.mode == Mode::streams) return hold_streams();
        start_ = std::chrono::steady_clock::now();
        measured_from_ = start_ + nanoseconds(plan_.warm_up);
        end_ = measured_from_ + nanoseconds(plan_.seconds);
        for (std::size_t i = 0; i < plan_.connections; ++i)
            asio::co_spawn(context_, plan_.mode == Mode::open ? at_a_rate() : without_pause(), asio::detached);
        asio::co_spawn(context_, measure(), asio::detached);
        context_.run();
        return std::move(outcome_);
    }

  private:
    Result<void> learn_expected() {
        TRY(expected_, answer_of(plan_.reference, "The reference"));
        if (!plan_.translated) return {};
        TRY(std::string first, answer_of(plan_.port, "The target"));
        constexpr std::string_view words = R"("content":")";
        if (between(expected_, words, '"').empty() || between(first, words, '"') != between(expected_, words, '"'))
            return fail(Fault::provider_unavailable, "The target's answer has other words than the reference's.");
        expected_ = but_for_id_and_time(std::move(first));
        return {};
    }

    /// The body of one answer to the request.
    Result<std::string> answer_of(std::uint16_t port, std::string_view who) {
        AnswerReader reader = AnswerReader::keeping();
        bool whole = false;
        asio::co_spawn(context_, ask_once(port, reader, whole), asio::detached);
        context_.run();
        context_.restart();
        if (whole && !reader.wrong() && reader.status() == 200) return reader.body();
        return fail(Fault::provider_unavailable, fmt::format("{} does not answer with 200.", who));
    }
    Task<void> ask_once(std::uint16_t port, AnswerReader& reader, bool& whole) {
        Client client(context_, port, body_bytes_);
        whole = co_await client.connect();
        if (whole) whole = co_await client.send(request_);
        if (whole) whole = co_await client.receive(reader);
    }

    /// CPU of the watched processes between the end of the warm-up and the end.
    Task<void> measure() {
        asio::steady_timer timer(context_);
        error_code ignored;
        timer.expires_at(measured_from_);
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        const auto cpu = cpu_time(plan_.pids);
        const Moment from = std::chrono::steady_clock::now();
        const std::int64_t calls = all_calls_;
        const std::size_t bytes = body_bytes_;
        timer.expires_at(end_);
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        outcome_.cpu = cpu_time(plan_.pids) - cpu;
        outcome_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count();
        outcome_.calls = all_calls_ - calls;
        outcome_.answers = static_cast<double>(body_bytes_ - bytes) / static_cast<double>(expected_.size());
        outcome_.resident = resident_bytes(plan_.pids);
    }

    /// One call; its latency counts from `from`.
    Task<bool> call(Client& client, Moment from) {
        if (!client.is_open()) {
            const bool connected = co_await client.connect();
            if (!connected) {
                ++outcome_.failed;
                co_return false;
            }
        }
        AnswerReader reader(expected_);
        bool good = co_await client.send(request_);
        if (good) good = co_await client.receive(reader);
        const Moment now = std::chrono::steady_clock::now();
        if (!good) {
            ++outcome_.failed;
            client.close();
            co_return false;
        }
        if (reader.wrong() || reader.status() != 200) {
            if (outcome_.wrong++ == 0)
                outcome_.first_wrong = fmt::format("status {} after {} bytes of {}", reader.status(),
                                                   reader.body_bytes(), expected_.size());
            co_return false;
        }
        ++all_calls_;
        if (from >= measured_from_ && now <= end_) outcome_.latencies.push_back((now - from).count());
        co_return true;
    }

    Task<void> rest(std::chrono::nanoseconds time) {
        asio::steady_timer timer(context_, time);
        error_code ignored;
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }

    Task<void> without_pause() {
        Client client(context_, plan_.port, body_bytes_);
        for (Moment now = start_; now < end_; now = std::chrono::steady_clock::now()) {
            const bool good = co_await call(client, now);
            if (!good) co_await rest(patience);
        }
    }

    /// Every connection takes the next place in the time table; latency counts from that time, so that a late start is
    /// not forgiven.
    Task<void> at_a_rate() {
        Client client(context_, plan_.port, body_bytes_);
        asio::steady_timer timer(context_);
        error_code ignored;
        for (;;) {
            const Moment due = start_ + std::chrono::nanoseconds(1'000'000'000 / plan_.rate * next_place_++);
            if (due >= end_) co_return;
            if (due > std::chrono::steady_clock::now()) {
                timer.expires_at(due);
                co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
            }
            bool good = co_await call(client, due);
            static_cast<void>(good);
        }
    }

    Result<Outcome> hold_streams() {
        outcome_.resident_before = resident_bytes(plan_.pids);
        end_ = Moment::max();
        for (std::size_t i = 0; i < plan_.connections; ++i) asio::co_spawn(context_, one_stream(i), asio::detached);
        asio::co_spawn(context_, watch_streams(), asio::detached);
        context_.run();
        return std::move(outcome_);
    }

    Task<void> one_stream(std::size_t index) {
        // A thousand per 100 ms, so that it is memory that is tested and not the listening queue.
        co_await rest(std::chrono::microseconds(100) * static_cast<int>(index));
        auto client = std::make_shared<Client>(context_, plan_.port, body_bytes_);
        AnswerReader reader(expected_);
        bool good = co_await client->connect();
        if (good) good = co_await client->send(request_);
        while (good && !reader.started() && !reader.wrong()) good = co_await client->receive_some(reader);
        if (!good || reader.wrong() || reader.status() != 200) {
            ++outcome_.failed;
            if (reader.wrong()) ++outcome_.wrong;
            co_return;
        }
        ++outcome_.calls;
        while (good && !reader.done() && !reader.wrong()) good = co_await client->receive_some(reader);
        if (reader.wrong()) ++outcome_.wrong;
    }

    Task<void> watch_streams() {
        const Moment give_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        while (outcome_.calls + outcome_.failed < static_cast<std::int64_t>(plan_.connections) &&
               std::chrono::steady_clock::now() < give_up)
            co_await rest(patience);
        const auto cpu = cpu_time(plan_.pids);
        co_await rest(nanoseconds(plan_.seconds));
        outcome_.cpu = cpu_time(plan_.pids) - cpu;
        outcome_.resident = resident_bytes(plan_.pids);
        context_.stop();
    }

    Result<Outcome> disturb() {
        slow_request_ = request_for(plan_, plan_.slow_model, true);
        hung_request_ = request_for(plan_, plan_.hung_model, false);
        signals_.add(SIGTERM);
        signals_.async_wait([this](error_code, int) { context_.stop(); });
        constexpr std::string_view half = "POST /v1/chat/completions HTTP/1.1\r\nhost: bench\r\n";
        for (std::size_t i = 0; i < plan_.half_open; ++i) asio::co_spawn(context_, unfinished(half, i), asio::detached);
        for (std::size_t i = 0; i < plan_.hung; ++i)
            asio::co_spawn(context_, unfinished(hung_request_, i), asio::detached);
        for (std::size_t i = 0; i < plan_.slow; ++i) asio::co_spawn(context_, slow(), asio::detached);
        asio::co_spawn(context_, announce(), asio::detached);
        context_.run();
        return std::move(outcome_);
    }

    /// Sends, then waits for the other side to lose patience; and again.
    Task<void> unfinished(std::string_view bytes, std::size_t index) {
        co_await rest(std::chrono::microseconds(200) * static_cast<int>(index));
        for (;;) {
            Client client(context_, plan_.port, body_bytes_);
            bool good = co_await client.connect();
            if (good) good = co_await client.send(bytes);
            ++all_calls_;
            AnswerReader reader = AnswerReader::keeping();
            while (good) good = co_await client.receive_some(reader);
            co_await rest(patience);
        }
    }

    /// Asks for much and reads a few bytes at a time.
    Task<void> slow() {
        for (;;) {
            Client client(context_, plan_.port, body_bytes_);
            bool good = co_await client.connect();
            if (good) client.socket().set_option(tcp::socket::receive_buffer_size(4'096));
            if (good) good = co_await client.send(slow_request_);
            ++all_calls_;
            std::array<char, 256> few;
            error_code error;
            while (good && !error) {
                co_await rest(patience);
                co_await client.socket().async_read_some(asio::buffer(few),
                                                         asio::redirect_error(asio::use_awaitable, error));
            }
            co_await rest(patience);
        }
    }

    Task<void> announce() {
        while (all_calls_ < static_cast<std::int64_t>(plan_.half_open + plan_.hung + plan_.slow))
            co_await rest(patience);
        std::fputs("{\"ready\":true}\n", stdout);
        std::fflush(stdout);
    }

    const Plan& plan_;
    asio::io_context context_{1};
    asio::signal_set signals_;
    std::string request_, slow_request_, hung_request_;
    std::string expected_;
    Outcome outcome_;
    Moment start_, measured_from_, end_;
    std::int64_t next_place_ = 0;
    std::size_t body_bytes_ = 0;  ///< received by all clients
    std::int64_t all_calls_ = 0;
};

double milliseconds_at(const std::vector<std::int64_t>& sorted, double part) {
    if (sorted.empty()) return 0;
    const auto index = static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1));
    return static_cast<double>(sorted[index]) / 1e6;
}

}  // namespace

std::string request_for(const Plan& plan, const std::string& model, bool stream) {
    std::string content;
    while (content.size() < plan.prompt_bytes) content += "pears and plums ";
    content.resize(plan.prompt_bytes);
    const std::string body =
        fmt::format(R"({{"model":"{}",{}"max_tokens":256,"messages":[{{"role":"user","content":"{}"}}]}})", model,
                    stream ? R"("stream":true,"stream_options":{"include_usage":true},)" : "", content);
    return fmt::format(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {}\r\ncontent-type: "
        "application/json\r\n"
        "accept: application/json\r\nuser-agent: bursar-load\r\ncontent-length: {}\r\n\r\n{}",
        plan.key, body.size(), body);
}

Result<Outcome> run(const Plan& plan) { return Load(plan).run(); }

std::string to_json(Outcome outcome) {
    std::ranges::sort(outcome.latencies);
    const auto& sorted = outcome.latencies;
    return fmt::format(
        R"({{"calls":{},"answers":{:.2f},"wrong":{},"failed":{},"seconds":{:.3f},"cpu_us":{},"resident_before":{},"resident":{},)"
        R"("p50_ms":{:.4f},"p90_ms":{:.4f},"p99_ms":{:.4f},"p999_ms":{:.4f},"max_ms":{:.4f},"first_wrong":"{}"}})",
        outcome.calls, outcome.answers, outcome.wrong, outcome.failed, outcome.seconds,
        std::chrono::duration_cast<std::chrono::microseconds>(outcome.cpu).count(), outcome.resident_before,
        outcome.resident, milliseconds_at(sorted, 0.5), milliseconds_at(sorted, 0.9), milliseconds_at(sorted, 0.99),
        milliseconds_at(sorted, 0.999), milliseconds_at(sorted, 1.0), outcome.first_wrong);
}

}  // namespace bursar::bench
