// Hunts: words of a client that pass for ours on the way to the control socket, and answers from there that are cut,
// lying or missing.
#include "service/daemon/control_relay.h"
#include "tests/unit/admin/plant.h"

#include <cstring>
#include <optional>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

namespace bursar::daemon {
namespace {

using admin::test::Plant;

/// What the edge would hand over, and what it would get back.
class OneExchange final : public edge::Exchange {
  public:
    explicit OneExchange(edge::RequestHead head, std::string body = {})
        : head_(std::move(head)), body_(std::move(body)) {
        head_.has_body = !body_.empty();
    }
    const edge::RequestHead& head() const override { return head_; }
    const std::string& address() const override { return address_; }
    Moment started() const override { return {}; }
    asio::any_io_executor executor() const override { return context_.get_executor(); }
    Task<Result<std::string>> read_body(std::size_t bytes_max) override {
        if (while_reading) while_reading();
        if (body_.size() > bytes_max) co_return fail(Fault::too_large, "The body is too large.");
        co_return body_;
    }
    Task<Result<void>> respond(const edge::ResponseHead& head, std::string_view body) override {
        answered_ = head;
        answer_ = body;
        co_return Result<void>();
    }
    Task<Result<void>> begin(const edge::ResponseHead&, std::string_view) override { co_return Result<void>(); }
    Task<Result<void>> write(std::string_view) override { co_return Result<void>(); }
    Task<Result<void>> finish() override { co_return Result<void>(); }
    void watch(std::function<void()>) override {}
    Task<Result<edge::Messages*>> upgrade() override { co_return fail(Fault::upgrade_refused, "none here"); }
    bool draining() const override { return false; }

    std::function<void()> while_reading;

    int serve(ControlRelay& relay) {
        asio::co_spawn(context_, relay.serve(*this), asio::detached);
        context_.run();
        context_.restart();
        return answered_ ? answered_->status : 0;
    }
    const std::string& answer() const { return answer_; }
    std::string header(std::string_view name) const {
        for (const edge::Header& each : answered_->headers)
            if (edge::equal_without_case(each.name, name)) return each.value;
        return {};
    }

  private:
    mutable asio::io_context context_;
    edge::RequestHead head_;
    std::string body_;
    const std::string address_ = "203.0.113.9";
    std::optional<edge::ResponseHead> answered_;
    std::string answer_;
};

edge::RequestHead request(std::string_view method, std::string_view target, std::vector<edge::Header> headers = {}) {
    return {.method = std::string(method), .target = std::string(target), .headers = std::move(headers)};
}

TEST(ControlRelay, carries_a_request_there_and_its_answer_back) {
    Plant plant;
    ControlRelay relay(plant.folder / "control.sock");
    OneExchange who(
        request("GET", "/api/v1/whoami?", {{"Host", "bursar"}, {"AUTHORIZATION", "Bearer " + plant.auditor_token}}));
    EXPECT_EQ(who.serve(relay), 200);
    EXPECT_EQ(who.answer(), R"({"name":"otto","role":"auditor","team":"","expires_at":null})");
    EXPECT_EQ(who.header("cache-control"), "no-store");
    EXPECT_EQ(who.header("content-type"), "application/json");
    for (const char* ours : {"connection", "content-length", "transfer-encoding", "date"})
        EXPECT_EQ(who.header(ours), "") << ours;

    OneExchange apply(
        request("PUT", "/api/v1/policy",
                {{"Host", "bursar"}, {"Authorization", "Bearer " + plant.operator_token}, {"If-Match", "\"0\""}}),
        R"({"documents":[],"reason":"x"})");
    EXPECT_NE(apply.serve(relay), 428) << "If-Match was lost";
    OneExchange gone(request("DELETE", "/api/v1/secrets/nothing",
                             {{"Host", "bursar"}, {"Authorization", "Bearer " + plant.operator_token}}));
    EXPECT_EQ(gone.serve(relay), 404);
    OneExchange head(request("HEAD", "/api/v1/whoami", {{"Host", "bursar"}}));
    EXPECT_EQ(head.serve(relay), 405);
}

TEST(ControlRelay, says_itself_where_a_request_came_from) {
    Plant plant;
    ControlRelay relay(plant.folder / "control.sock");
    OneExchange liar(request("POST", "/api/v1/vault/seal",
                             {{"Host", "bursar"},
                              {"x-bursar-address", "127.0.0.1"},
                              {"X-Bursar-Address", "127.0.0.1"},
                              {"X-Forwarded-For", "127.0.0.1"}}));
    EXPECT_EQ(liar.serve(relay), 401);
    const auto rows = plant.audit->entries(1'000, 1);
    ASSERT_TRUE(rows.has_value() && rows->size() == 1);
    EXPECT_EQ(rows->front().action.address, "203.0.113.9");
}

TEST(ControlRelay, bounds_what_it_takes) {
    Plant plant;
    ControlRelay relay(plant.folder / "control.sock", 100'000);
    const std::string large(70'000, ' '), larger(100'001, ' ');
    OneExchange anonymous(request("POST", "/api/v1/vault/unseal", {{"Host", "bursar"}}), large);
    EXPECT_EQ(anonymous.serve(relay), 413);
    OneExchange known(request("POST", "/api/v1/policy/plan",
                              {{"Host", "bursar"}, {"Authorization", "Bearer " + plant.operator_token}}),
                      large);
    EXPECT_EQ(known.serve(relay), 400) << "spaces are no JSON, but they arrived";
    OneExchange too_much(request("POST", "/api/v1/policy/plan",
                                 {{"Host", "bursar"}, {"Authorization", "Bearer " + plant.operator_token}}),
                         larger);
    EXPECT_EQ(too_much.serve(relay), 413);
    OneExchange long_header(
        request("GET", "/api/v1/whoami", {{"Host", "bursar"}, {"Authorization", "Bearer " + std::string(5'000, 'x')}}));
    EXPECT_EQ(long_header.serve(relay), 413);
    EXPECT_EQ(long_header.header("content-type"), "application/problem+json");
}

/// The status of the last of so many requests with large bodies that are read at the same time.
int last_of(int more, ControlRelay& relay, const std::string& body) {
    OneExchange one(request("POST", "/api/v1/policy/plan", {{"Host", "bursar"}, {"Authorization", "Bearer nobody"}}),
                    body);
    int status = 0;
    if (more > 0) one.while_reading = [&] { status = last_of(more - 1, relay, body); };
    const int own = one.serve(relay);
    return more > 0 ? status : own;
}

TEST(ControlRelay, takes_few_large_bodies_at_a_time) {
    Plant plant;
    ControlRelay relay(plant.folder / "control.sock", 69'999);
    const std::string large(70'000, ' ');
    EXPECT_EQ(last_of(ControlRelay::large_bodies_max - 1, relay, large), 413);
    EXPECT_EQ(last_of(ControlRelay::large_bodies_max, relay, large), 503);
    EXPECT_EQ(last_of(0, relay, large), 413) << "their places are free again";
}

/// A control socket that reads a request and answers with these bytes, whatever was asked.
class Canned {
  public:
    Canned(const std::filesystem::path& path, std::string answer) : socket_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
        EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        EXPECT_EQ(::listen(socket_, 1), 0);
        thread_ = std::thread([this, answer = std::move(answer)] {
            const int peer = ::accept(socket_, nullptr, nullptr);
            char buffer[4096];
            EXPECT_GT(::recv(peer, buffer, sizeof buffer, 0), 0);
            EXPECT_EQ(::send(peer, answer.data(), answer.size(), MSG_NOSIGNAL), static_cast<ssize_t>(answer.size()));
            ::close(peer);
        });
    }
    ~Canned() {
        thread_.join();
        ::close(socket_);
    }
    Canned(const Canned&) = delete;
    Canned& operator=(const Canned&) = delete;

  private:
    int socket_;
    std::thread thread_;
};

struct CannedAnswer {
    const char* name;
    const char* bytes;
    int status;
};

TEST(ControlRelay, answers_503_whatever_goes_wrong_behind_it) {
    Plant plant;
    const CannedAnswer cases[] = {
        {"nothing at all", "", 503},
        {"not HTTP", "garbage\r\n\r\n", 503},
        {"a head that ends too early", "HTTP/1.1 200 OK\r\ncontent-le", 503},
        {"a body that ends too early", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc", 503},
        {"a body that is too large", "HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\nabc", 503},
        {"a whole answer", "HTTP/1.1 204 No Content\r\nx: y\r\n\r\n", 204},
    };
    int number = 0;
    for (const CannedAnswer& each : cases) {
        const auto path = plant.folder / ("canned" + std::to_string(number++));
        const Canned canned(path, each.bytes);
        ControlRelay relay(path);
        OneExchange exchange(request("GET", "/api/v1/whoami", {{"Host", "bursar"}}));
        EXPECT_EQ(exchange.serve(relay), each.status) << each.name;
    }
    ControlRelay nowhere(plant.folder / "nothing.sock");
    OneExchange exchange(request("GET", "/api/v1/whoami", {{"Host", "bursar"}}));
    EXPECT_EQ(exchange.serve(nowhere), 503);
    EXPECT_EQ(exchange.header("retry-after"), "5");
    ControlRelay too_long(plant.folder / std::string(200, 'x'));
    OneExchange other(request("GET", "/api/v1/whoami", {{"Host", "bursar"}}));
    EXPECT_EQ(other.serve(too_long), 500);
}

}  // namespace
}  // namespace bursar::daemon
