// Hunts: a handshake that takes any 101, frames that a provider would refuse (no mask, the same mask twice), a message
// that depends on where the network cut it, a refusal taken for a socket, a socket that hides its end or waits for
// ever.
#include "service/providers/web_socket.h"

#include "service/base/crypto.h"
#include "service/edge/frames.h"
#include "tests/unit/providers/upstream_fixture.h"

#include <future>
#include <set>

namespace bursar::providers::testing {
namespace {

using edge::FrameReader;
using edge::Opcode;

std::string key_in(const std::string& head) {
    constexpr std::string_view name = "Sec-WebSocket-Key: ";
    const std::size_t at = head.find(name) + name.size();
    return head.substr(at, head.find("\r\n", at) - at);
}

std::string accepted(const std::string& head, std::string_view more = {}) {
    return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
           edge::accept_of(key_in(head)).value_or("none") + "\r\n" + std::string(more) + "\r\n";
}

std::string framed(std::string_view text, Opcode opcode = Opcode::text) {
    std::string out;
    edge::append_frame(out, opcode, text);
    return out;
}

/// The next frame of a client's as it came: its mask, and what it says.
struct Frame {
    std::string mask, text;
    unsigned opcode = 0;
};
Frame read_frame(Peer& peer) {
    const std::string head = peer.read(2);
    if (head.size() < 2) return {};
    std::size_t size = static_cast<unsigned char>(head[1]) & 0x7fU;
    if (size >= 126) {
        const std::string length = peer.read(size == 126 ? 2 : 8);
        size = 0;
        for (const char byte : length) size = size << 8U | static_cast<unsigned char>(byte);
    }
    EXPECT_NE(static_cast<unsigned char>(head[1]) & 0x80U, 0U) << "a client's frame is masked";
    Frame frame{.mask = peer.read(4), .opcode = static_cast<unsigned char>(head[0]) & 0xfU};
    frame.text = size == 0 ? std::string() : peer.read(size);
    for (std::size_t i = 0; i < frame.text.size(); ++i)
        frame.text[i] = static_cast<char>(frame.text[i] ^ frame.mask[i % frame.mask.size()]);
    return frame;
}

class UpstreamWebSocket : public Upstream {
  protected:
    Task<std::expected<Upgrade, UpstreamError>> open(std::uint16_t port) {
        const UpstreamRequest request{.method = "GET", .target = "/v1/realtime?model=m", .headers = &headers_};
        auto upgrade = co_await pool_->upgrade(target(port), request, patient, nullptr);
        co_return std::move(upgrade);
    }
    std::vector<edge::HeaderView> headers_ = {
        {"authorization", "Bearer k"}, {"upgrade", "h2c"}, {"connection", "close"}};
};

TEST_F(UpstreamWebSocket, says_and_hears_messages_of_every_length_and_masks_each_anew) {
    const std::vector<std::string> texts = {"", "a", std::string(125, 'b'), std::string(126, 'c'),
                                            std::string(70'000, 'd')};
    std::vector<Frame> met;
    std::string head;
    RawServer server([&](Peer& peer, int) {
        head = peer.read_head();
        // What comes right behind the head, and what comes in pieces.
        peer.write(accepted(head) + framed(texts[1]));
        for (std::size_t i = 0; i < texts.size(); ++i) met.push_back(read_frame(peer));
        for (const std::string& text : texts) {
            const std::string frame = framed(text);
            peer.write(std::string_view(frame).substr(0, 1));
            peer.write(std::string_view(frame).substr(1));
        }
        peer.wait_closed();
    });
    const auto talk = [&]() -> Task<std::vector<std::string>> {
        std::vector<std::string> heard;
        auto upgrade = co_await open(server.port());
        EXPECT_TRUE(upgrade && upgrade->socket);
        if (!upgrade || !upgrade->socket) co_return heard;
        for (const std::string& text : texts) upgrade->socket->put(text);
        for (std::size_t i = 0; i <= texts.size(); ++i) {
            auto message = co_await upgrade->socket->next();
            heard.push_back(message.value_or("an error"));
        }
        co_return heard;
    };
    std::vector<std::string> expected = texts;
    expected.insert(expected.begin(), texts[1]);
    EXPECT_EQ(run(talk()), expected);
    ASSERT_EQ(met.size(), texts.size());
    std::set<std::string> masks;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        EXPECT_EQ(met[i].text, texts[i]);
        masks.insert(met[i].mask);
    }
    EXPECT_EQ(masks.size(), texts.size());
    EXPECT_TRUE(head.contains("GET /v1/realtime?model=m HTTP/1.1\r\n"));
    EXPECT_TRUE(head.contains("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"));
    EXPECT_FALSE(head.contains("h2c"));
    EXPECT_FALSE(head.contains("Extensions"));
}

TEST_F(UpstreamWebSocket, answers_a_ping_and_the_close_and_says_why_it_is_over) {
    std::vector<Frame> met;
    std::promise<void> both;
    RawServer server([&](Peer& peer, int) {
        peer.write(accepted(peer.read_head()) + framed("are you there", Opcode::ping) +
                   framed(edge::close_payload(edge::CloseCode::going_away, "soon"), Opcode::close));
        met.push_back(read_frame(peer));
        met.push_back(read_frame(peer));
        both.set_value();
    });
    const auto talk = [&]() -> Task<std::string> {
        auto upgrade = co_await open(server.port());
        if (!upgrade || !upgrade->socket) co_return "no socket";
        auto message = co_await upgrade->socket->next();
        if (message) co_return "a message";
        EXPECT_FALSE(upgrade->socket->put("into the void"));
        const bool open = co_await upgrade->socket->taken();
        EXPECT_FALSE(open);
        co_return message.error().for_operator;
    };
    EXPECT_TRUE(run(talk()).contains("the provider closed it with 1001: soon"));
    ASSERT_EQ(both.get_future().wait_for(10s), std::future_status::ready);
    ASSERT_EQ(met.size(), 2U);
    EXPECT_EQ(met[0].opcode, 0xaU);
    EXPECT_EQ(met[0].text, "are you there");
    EXPECT_EQ(met[1].opcode, 0x8U);
    EXPECT_EQ(met[1].text, "\x03\xe9");
}

TEST_F(UpstreamWebSocket, is_none_where_the_answer_is_to_another_key_or_has_what_nobody_asked_for) {
    using Answer = std::function<std::string(const std::string&)>;
    const std::vector<std::pair<std::string, Answer>> cases = {
        {"another key", [](const std::string&) { return accepted("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"); }},
        {"an extension", [](const std::string& head) { return accepted(head, "Sec-WebSocket-Extensions: x\r\n"); }},
        {"no WebSocket", [](const std::string&) { return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n"; }},
    };
    for (const auto& [name, answer] : cases) {
        RawServer server([&](Peer& peer, int) {
            peer.write(answer(peer.read_head()));
            peer.wait_closed();
        });
        const auto talk = [&]() -> Task<std::string> {
            auto upgrade = co_await open(server.port());
            co_return upgrade ? "taken" : upgrade.error().error.for_operator;
        };
        EXPECT_TRUE(run(talk()).contains("upgrade 127.0.0.1")) << name;
    }
}

TEST_F(UpstreamWebSocket, gives_a_refusal_as_an_answer_with_its_body) {
    RawServer server([&](Peer& peer, int) {
        peer.read_head();
        peer.write("HTTP/1.1 429 Too Many Requests\r\nContent-Length: 4\r\n\r\nslow");
        peer.wait_closed();
    });
    const auto talk = [&]() -> Task<std::string> {
        auto upgrade = co_await open(server.port());
        if (!upgrade || !upgrade->refusal) co_return "no refusal";
        auto body = co_await upgrade->refusal->read_all(100);
        co_return std::to_string(upgrade->refusal->head().status) + " " + body.value_or("broken");
    };
    EXPECT_EQ(run(talk()), "429 slow");
}

TEST_F(UpstreamWebSocket, is_over_at_a_masked_frame_of_binary_data_or_of_a_lost_connection) {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {std::string("\x81\x81\x01\x02\x03\x04z", 7), "no WebSocket message"},
        {std::string("\x82\x01z", 3), "no WebSocket message"},
        {std::string(), "closed without a word"},
    };
    for (const auto& [bytes, word] : cases) {
        RawServer server([&](Peer& peer, int) {
            peer.write(accepted(peer.read_head()) + bytes);
            if (bytes.empty())
                peer.close();
            else
                peer.wait_closed();
        });
        const auto talk = [&]() -> Task<std::string> {
            auto upgrade = co_await open(server.port());
            if (!upgrade || !upgrade->socket) co_return "no socket";
            auto message = co_await upgrade->socket->next();
            co_return message ? "a message" : message.error().for_operator;
        };
        const std::string why = run(talk());
        EXPECT_TRUE(why.contains(word)) << why;
    }
}

TEST_F(UpstreamWebSocket, whoever_puts_much_waits_until_it_is_taken_and_a_provider_that_takes_nothing_is_given_up) {
    std::string got;
    std::promise<void> over;
    RawServer server([&, heard = over.get_future().share()](Peer& peer, int connection) {
        peer.write(accepted(peer.read_head()));
        if (connection == 0) {
            got = read_frame(peer).text;
            peer.write(framed("got it"));
        } else {
            heard.wait();
        }
    });
    const std::string much(std::size_t{8} << 20, 'x');
    const auto talk = [&]() -> Task<int> {
        auto taking = co_await open(server.port());
        auto stuck = co_await open(server.port());
        if (!taking || !taking->socket || !stuck || !stuck->socket) co_return 0;
        taking->socket->put(much);
        const bool first = co_await taking->socket->taken();
        auto answer = co_await taking->socket->next();
        EXPECT_TRUE(answer);
        stuck->socket->put(std::string(std::size_t{16} << 20, 'y'));
        bool second = true;
        asio::co_spawn(
            io_, [&]() -> Task<void> { second = co_await stuck->socket->taken(); }, [](std::exception_ptr) {});
        stuck->socket->tick(std::chrono::steady_clock::now() + WebSocket::stuck_max + 1s);
        auto message = co_await stuck->socket->next();
        EXPECT_TRUE(!message && message.error().for_operator.contains("takes nothing"));
        auto again = co_await stuck->socket->taken();
        co_return (first ? 1 : 0) + (second ? 2 : 0) + (again ? 4 : 0);
    };
    EXPECT_EQ(run(talk()) & 5, 1);
    over.set_value();
    end_shard();
    EXPECT_EQ(got.size(), much.size());
}

TEST_F(UpstreamWebSocket, silence_counts_only_while_somebody_listens) {
    std::promise<void> over;
    RawServer server([&, heard = over.get_future().share()](Peer& peer, int connection) {
        peer.write(accepted(peer.read_head()) + framed("first") + (connection == 0 ? framed("second") : ""));
        heard.wait();
    });
    const auto talk = [&]() -> Task<std::string> {
        auto busy = co_await open(server.port());
        auto idle = co_await open(server.port());
        if (!busy || !busy->socket || !idle || !idle->socket) co_return "no socket";
        const auto long_after = std::chrono::steady_clock::now() + 10 * WebSocket::silence;
        auto first = co_await busy->socket->next();
        // Its client takes nothing: nobody reads what the provider says meanwhile.
        busy->socket->tick(long_after);
        auto second = co_await busy->socket->next();
        first = co_await idle->socket->next();
        EXPECT_TRUE(first);
        asio::post(io_, [&] { idle->socket->tick(long_after); });
        auto silent = co_await idle->socket->next();
        EXPECT_TRUE(!silent && silent.error().for_operator.contains("silent"));
        co_return second.value_or("given up");
    };
    EXPECT_EQ(run(talk()), "second");
    over.set_value();
}

TEST_F(UpstreamWebSocket, whoever_waits_for_a_provider_that_takes_nothing_can_be_woken_and_its_memory_is_counted) {
    std::promise<void> over;
    RawServer server([&, heard = over.get_future().share()](Peer& peer, int) {
        peer.write(accepted(peer.read_head()));
        heard.wait();
    });
    constexpr std::size_t much = std::size_t{16} << 20;
    const auto talk = [&]() -> Task<bool> {
        auto upgrade = co_await open(server.port());
        if (!upgrade || !upgrade->socket) co_return true;
        std::size_t counted = 0;
        upgrade->socket->when_grown([&] { counted = upgrade->socket->bytes(); });
        EXPECT_TRUE(upgrade->socket->put(std::string(much, 'y')));
        EXPECT_GE(counted, much);
        asio::post(io_, [&] { upgrade->socket->wake(); });
        co_return co_await upgrade->socket->taken();
    };
    EXPECT_FALSE(run(talk()));
    over.set_value();
    end_shard();
}

}  // namespace
}  // namespace bursar::providers::testing
