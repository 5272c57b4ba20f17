// Hunts: a handshake that should not be one, a ping without its pong, a client that leaves unnoticed, a stop that says
// nothing, memory or calls that are counted twice or for ever, an end without its reason.
#include "tests/unit/edge/frames.h"
#include "tests/unit/edge/stage.h"

#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::edge::test {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

constexpr std::string_view good_key = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
constexpr std::string_view good_version = "sec-websocket-version: 13\r\n";
constexpr std::string_view good_upgrade = "upgrade: websocket\r\nconnection: Upgrade\r\n";

std::string handshake(std::string_view path = "/socket") {
    return get(path, fmt::format("{}{}{}", good_upgrade, good_version, good_key));
}

/// A client's side of a WebSocket.
class Line {
  public:
    explicit Line(const Stage& stage, std::string_view path = "/socket") : Line(stage.client(), path) {}
    explicit Line(Client with, std::string_view path = "/socket") : client(std::move(with)) {
        client.send(handshake(path));
        const std::optional<Answer> answer = client.head();
        EXPECT_TRUE(answer && answer->status == 101);
        EXPECT_TRUE(answer && answer->header("sec-websocket-accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
    /// The next frame as "opcode payload"; "<end>" when the other side has closed.
    std::string next() {
        for (;;) {
            if (const std::optional<std::string> frame = whole()) return *frame;
            const std::string more = client.read_some();
            if (more.empty()) return "<end>";
            received_ += more;
        }
    }

    Client client;

  private:
    std::optional<std::string> whole() {
        const auto at = [this](std::size_t i) {
            return static_cast<std::size_t>(static_cast<unsigned char>(received_[i]));
        };
        if (received_.size() < 2) return std::nullopt;
        std::size_t size = at(1), head = 2;
        if (size == 126) {
            if (received_.size() < 4) return std::nullopt;
            size = at(2) << 8U | at(3);
            head = 4;
        }
        if (size == 127) {
            if (received_.size() < 10) return std::nullopt;
            size = at(6) << 24 | at(7) << 16 | at(8) << 8 | at(9);
            head = 10;
        }
        if (received_.size() < head + size) return std::nullopt;
        const std::string payload = received_.substr(head, size);
        const std::size_t opcode = at(0) & 0xfU;
        received_.erase(0, head + size);
        if (opcode != 8) return fmt::format("{} {}", opcode, payload);
        if (payload.size() < 2) return "8";
        return fmt::format("8 {}",
                           static_cast<unsigned char>(payload[0]) << 8 | static_cast<unsigned char>(payload[1]));
    }

    std::string received_;
};

TEST(WebSocketHandshake, OfWhatIsNoneIsAnsweredByHttp) {
    struct Case {
        std::string_view name;
        std::string request;
        int status;
    };
    const auto with = [](std::string_view headers) { return get("/socket", headers); };
    const std::vector<Case> cases = {
        {"no key", with(fmt::format("{}{}", good_upgrade, good_version)), 400},
        {"a key that is none", with(fmt::format("{}{}sec-websocket-key: abc\r\n", good_upgrade, good_version)), 400},
        {"no version", with(fmt::format("{}{}", good_upgrade, good_key)), 426},
        {"an old version", with(fmt::format("{}{}sec-websocket-version: 8\r\n", good_upgrade, good_key)), 426},
        {"no upgrade", with(fmt::format("{}{}connection: Upgrade\r\n", good_version, good_key)), 400},
        {"another upgrade", with(fmt::format("{}{}connection: Upgrade\r\nupgrade: h2c\r\n", good_version, good_key)),
         400},
        {"a proxy that kept the connection for itself",
         with(fmt::format("{}{}connection: keep-alive\r\nupgrade: websocket\r\n", good_version, good_key)), 400},
        {"POST", post("/socket", "", fmt::format("{}{}{}", good_upgrade, good_version, good_key)), 400},
        {"HTTP/1.0", fmt::format("GET /socket HTTP/1.0\r\nhost: a\r\n{}{}{}\r\n", good_upgrade, good_version, good_key),
         400},
    };
    Stage stage;
    for (const Case& one : cases) {
        Client client = stage.client();
        client.send(one.request);
        EXPECT_EQ(client.status(), one.status) << one.name;
    }
}

TEST(WebSocketHandshake, TakesListsInAnyCase) {
    Stage stage;
    Client client = stage.client();
    client.send(get("/socket", fmt::format("Upgrade: foo, WebSocket\r\nConnection: keep-alive\r\nconnection: x, "
                                           "UPGRADE\r\n{}{}",
                                           good_version, good_key)));
    const std::optional<Answer> answer = client.head();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 101);
}

TEST(WebSocket, EchoesMessagesOfAllSizesAndAnswersPings) {
    Stage stage;
    Line line(stage);
    line.client.send(client_text("hello"));
    EXPECT_EQ(line.next(), "1 hello");
    line.client.send(client_frame(0x89, "are you there"));
    EXPECT_EQ(line.next(), "10 are you there");
    const std::string large(100'000, 'x');
    line.client.send(client_text(large));
    EXPECT_EQ(line.next(), "1 " + large);
    line.client.send(client_frame(0x88, "\x03\xe8"));
    EXPECT_EQ(line.next(), "8 1000");
    EXPECT_EQ(line.next(), "<end>");
    EXPECT_TRUE(stage.events.happened("over"));
}

TEST(WebSocket, WhatIsAgainstTheProtocolEndsItWithItsCode) {
    for (const auto& [bytes, code] : {std::pair{client_frame(0x81, "a", Masked::no), "8 1002"},
                                      {client_frame(0x82, "a"), "8 1003"},
                                      {client_text("\xff"), "8 1007"}}) {
        Stage stage;
        Line line(stage);
        line.client.send(bytes);
        EXPECT_EQ(line.next(), code);
        EXPECT_EQ(line.next(), "<end>");
        EXPECT_TRUE(stage.events.happened("over"));
        EXPECT_EQ(stage.server->counters().malformed, 1U);
    }
}

TEST(WebSocket, AMessageThatIsTooLargeIsToldTheHandler) {
    Stage stage;
    Line line(stage);
    line.client.send(client_text(std::string(socket_message_max + 1, 'x')));
    EXPECT_EQ(line.next(), "8 1009");
    EXPECT_TRUE(stage.events.happened("too large"));
}

TEST(WebSocket, DuringACallPingsAreAnsweredAndOneMessageWaits) {
    Stage stage;
    Line line(stage);
    line.client.send(client_text("hang"));
    ASSERT_TRUE(stage.events.happened("waiting"));
    line.client.send(client_text("second") + client_frame(0x89, "p") + client_text("third"));
    EXPECT_EQ(line.next(), "10 p");
    stage.release();
    EXPECT_EQ(line.next(), "1 released");
    EXPECT_EQ(line.next(), "1 second");
    EXPECT_EQ(line.next(), "1 third");
    EXPECT_EQ(stage.events.count("left"), 0);
}

TEST(WebSocket, OfManyPingsTheNewestIsAnswered) {
    Stage stage;
    Line line(stage);
    std::string pings;
    for (int i = 0; i < 900; ++i) pings += client_frame(0x89, fmt::format("{}", i));
    line.client.send(pings + client_text("hello"));
    std::vector<std::string> frames;
    while (frames.empty() || (frames.back() != "1 hello" && frames.back() != "<end>")) frames.push_back(line.next());
    EXPECT_EQ(frames.back(), "1 hello");
    ASSERT_GE(frames.size(), 2U);
    EXPECT_EQ(frames[frames.size() - 2], "10 899");
    EXPECT_LE(frames.size(), 20U);
}

TEST(WebSocket, AFloodOfPingsEndsIt) {
    for (const bool busy : {false, true}) {
        Stage stage;
        Line line(stage);
        if (busy) {
            line.client.send(client_text("hang"));
            ASSERT_TRUE(stage.events.happened("waiting"));
        }
        std::string pings;
        for (int i = 0; i < 1001; ++i) pings += client_frame(0x89, "");
        line.client.send(pings);
        std::string frame = line.next();
        while (frame == "10 ") frame = line.next();
        EXPECT_EQ(frame, "8 1008");
        EXPECT_TRUE(stage.events.happened("over"));
        EXPECT_EQ(stage.events.count("left"), busy ? 1 : 0);
    }
}

TEST(WebSocket, AMessageIsNotReadFarAheadOfTheCallBeforeIt) {
    Stage stage({.ahead_bytes_max = 1000, .body_bytes_total_max = 300'000});
    Line line(stage), other(stage);
    line.client.send(client_text("hang"));
    ASSERT_TRUE(stage.events.happened("waiting"));
    const std::string large(200'000, 'x');
    line.client.send(client_frame(0x89, "p") + client_text(large));
    EXPECT_EQ(line.next(), "10 p");
    // All that will be read is read by then: one shard turns.
    Client pace = stage.client();
    for (int i = 0; i < 8; ++i) {
        pace.send(get("/hello"));
        EXPECT_EQ(pace.body(), "hello");
    }
    other.client.send(client_text("keep 160000"));
    EXPECT_EQ(other.next(), "1 kept");
    other.client.leave();
    ASSERT_TRUE(stage.events.happened("over"));
    stage.release();
    EXPECT_EQ(line.next(), "1 released");
    EXPECT_EQ(line.next(), "1 " + large);
}

TEST(WebSocket, AClientThatTakesAnAnswerByteByByteIsLetGo) {
    Stage stage({.write = 10s, .answer = 300ms, .answer_bytes_per_second_min = std::size_t{1} << 30});
    Line slow(Client(stage.server->port(), "127.0.0.1", 4096));
    Client pace = stage.client();
    slow.client.send(client_text("large"));
    const Moment deadline = std::chrono::steady_clock::now() + patience;
    while (stage.events.count("not sent") == 0 && std::chrono::steady_clock::now() < deadline) {
        ASSERT_TRUE(pace.stays_quiet(20ms));
        if (slow.client.read_some().empty()) break;
    }
    EXPECT_TRUE(stage.events.happened("not sent"));
}

TEST(WebSocket, AClientThatLeavesDuringACallIsSeen) {
    for (const std::string_view how : {"fin", "reset", "close", "a message before"}) {
        Stage stage;
        Line line(stage);
        line.client.send(client_text("hang"));
        ASSERT_TRUE(stage.events.happened("waiting"));
        if (how == "fin") line.client.leave();
        if (how == "reset") line.client.reset();
        if (how == "close") line.client.send(client_frame(0x88, "\x03\xe8"));
        if (how == "a message before") line.client.send(client_text("next") + client_frame(0x88, ""));
        EXPECT_TRUE(stage.events.happened("left")) << how;
        EXPECT_TRUE(stage.events.happened("over")) << how;
    }
}

TEST(WebSocket, OneThatSaysNothingIsPingedAndThenTakenForGone) {
    Stage stage({.ping = 100ms});
    Line line(stage);
    EXPECT_EQ(line.next(), "9 ");
    line.client.send(client_frame(0x8a, ""));
    EXPECT_EQ(line.next(), "9 ");
    EXPECT_EQ(line.next(), "<end>");
    EXPECT_TRUE(stage.events.happened("over"));
}

TEST(WebSocket, AMessageThatDoesNotComeToItsEndIsToldTheHandler) {
    Stage stage({.body_idle = 100ms});
    Line line(stage);
    line.client.send(client_frame(0x01, "begun"));
    EXPECT_TRUE(stage.events.happened("too slow"));
}

TEST(WebSocket, ThatIsIdleUntilItsTimeIsToldTheHandler) {
    Stage stage;
    Line line(stage, "/socket/briefly");
    EXPECT_TRUE(stage.events.happened("quiet"));
    EXPECT_EQ(line.next(), "8 1000");
}

TEST(WebSocket, AStopTellsIdleOnesAndLetsCallsEnd) {
    Stage stage;
    Line idle(stage), busy(stage);
    busy.client.send(client_text("hang"));
    ASSERT_TRUE(stage.events.happened("waiting"));
    std::thread stopping([&] { stage.server->stop(); });
    EXPECT_EQ(idle.next(), "8 1001");
    EXPECT_EQ(idle.next(), "<end>");
    EXPECT_TRUE(busy.client.is_quiet());
    stage.release();
    EXPECT_EQ(busy.next(), "1 released");
    EXPECT_EQ(busy.next(), "8 1001");
    stopping.join();
    EXPECT_EQ(stage.server->counters().connections_now, 0U);
}

TEST(WebSocket, AStopDoesNotWaitForMessagesThatHaveOnlyCome) {
    Stage stage;
    Line begun(stage), busy(stage);
    begun.client.send(client_frame(0x01, "begun") + client_frame(0x89, "p"));
    EXPECT_EQ(begun.next(), "10 p");
    busy.client.send(client_text("hang"));
    ASSERT_TRUE(stage.events.happened("waiting"));
    busy.client.send(client_text("second") + client_frame(0x89, "p"));
    EXPECT_EQ(busy.next(), "10 p");
    std::thread stopping([&] { stage.server->stop(); });
    EXPECT_EQ(begun.next(), "8 1001");
    stage.release();
    EXPECT_EQ(busy.next(), "1 released");
    EXPECT_EQ(busy.next(), "8 1001");
    stopping.join();
    EXPECT_EQ(stage.events.count("too slow"), 0);
}

TEST(WebSocket, BetweenMessagesIsNoCallInWork) {
    Stage stage({.calls_max = 1});
    Line first(stage);
    first.client.send(client_text("one"));
    EXPECT_EQ(first.next(), "1 one");
    // Its next message may come before the first one's end is counted; a whole request after it may not.
    first.client.send(client_frame(0x89, "p"));
    EXPECT_EQ(first.next(), "10 p");
    Line second(stage);
    second.client.send(client_text("hang"));
    ASSERT_TRUE(stage.events.happened("waiting"));
    Client other = stage.client();
    other.send(get("/hello"));
    EXPECT_EQ(other.status(), 503);
    first.client.send(client_text("two"));
    EXPECT_EQ(first.next(), "8 1013");
    stage.release();
    EXPECT_EQ(second.next(), "1 released");
}

TEST(WebSocket, WhatAHandlerKeepsForItCountsAmongAllBodies) {
    Stage stage({.body_bytes_total_max = 100'000});
    Line keeping(stage), other(stage);
    keeping.client.send(client_text("keep 90000"));
    EXPECT_EQ(keeping.next(), "1 kept");
    keeping.client.send(client_text("keep 200000"));
    EXPECT_EQ(keeping.next(), "1 not kept");
    // What it kept before counts on.
    other.client.send(client_text(std::string(50'000, 'x')));
    EXPECT_EQ(other.next(), "8 1013");
    EXPECT_EQ(other.next(), "<end>");
    // With its end, its room is free again.
    keeping.client.leave();
    ASSERT_TRUE(stage.events.happened("over"));
    Line third(stage);
    third.client.send(client_text("keep 90000"));
    EXPECT_EQ(third.next(), "1 kept");
}

TEST(WebSocket, OfTwoWhoWriteAtOnceNeitherCutsTheOthersFrame) {
    Stage stage;
    Line line(stage, "/socket/both");
    // More than the system takes at once is on its way when each of these is answered.
    for (int i = 0; i < 20; ++i) line.client.send(client_frame(0x89, fmt::format("ping {}", i)));
    int pongs = 0;
    for (int i = 0; i < beside_count;) {
        const std::string frame = line.next();
        if (frame.starts_with("10 ping ")) {
            ++pongs;
        } else {
            ASSERT_EQ(frame, fmt::format("1 {} {}", i++, std::string(beside_bytes, 'x')));
        }
        if (i == beside_count / 2) line.client.send(client_frame(0x89, "ping again"));
    }
    std::string last = line.next();
    for (; last.starts_with("10 "); last = line.next()) ++pongs;
    EXPECT_GT(pongs, 0);
    EXPECT_EQ(last, "8 1000") << "the wait was called off when all was sent";
    EXPECT_TRUE(stage.events.happened("quiet"));
    EXPECT_EQ(stage.events.count("not sent"), 0);
}

TEST(WebSocket, ACutEndsTheSendThatWaitsForAClientWhoTakesNothing) {
    Stage stage;
    Line line(stage, "/socket/both");
    line.client.send(client_frame(0x81, "cut"));
    EXPECT_TRUE(stage.events.happened("not sent")) << "long before the deadline of a write";
    EXPECT_TRUE(stage.events.happened("over"));
}

}  // namespace
}  // namespace bursar::edge::test
