#pragma once

#include "service/base/mutex.h"
#include "service/edge/server.h"
#include "tests/unit/edge/client.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

// A server on a port of its own with a handler that does what the path says, and tells what happened to it.
namespace bursar::edge::test {

/// What a handler saw, by name; a test waits for it instead of sleeping.
class Events {
  public:
    void note(const std::string& name);
    /// Waits until `name` has happened `times` times; false if it does not within the patience.
    bool happened(const std::string& name, int times = 1);
    int count(const std::string& name);

  private:
    Mutex mutex_;
    Condition changed_;
    std::map<std::string, int> counts_ GUARDED_BY(mutex_);
};

/// More than this /echo does not take.
inline constexpr std::size_t body_bytes_max = 1 << 20;
inline constexpr std::size_t flood_piece_bytes = 64 * 1024;
/// The largest message that /socket takes.
inline constexpr std::size_t socket_message_max = 256 * 1024;
/// What /socket/both sends.
inline constexpr int beside_count = 40;
inline constexpr std::size_t beside_bytes = 200'000;

/// Paths: /hello answers at once. /echo answers with the body. /ignore answers without reading the body. /stream
/// streams three pieces. /flood streams until the client is gone. /large answers with 8 MB. /hang waits until release()
/// or until the client leaves. /wait does the same in the middle of a stream; both read a body before. /inject answers
/// with headers that it should not send. /throw, /silent and /half break off. /empty is 204. /thread and /address
/// answer with the shard's thread and the client's address. /socket becomes a WebSocket that echoes messages, but for
/// "hang", which waits as /hang does, "large", answered with 8 MB, "cut", which ends the connection, and "keep N",
/// which holds N bytes; /socket/briefly ends when nothing comes soon; /socket/both sends `beside_count` messages while
/// it waits for one, and waits no longer then.
class Stage final : public Handler {
  public:
    explicit Stage(Limits limits = {}, Listen listen = {.port = 0}, std::size_t shards = 1);
    ~Stage() override;
    Stage(const Stage&) = delete;
    Stage& operator=(const Stage&) = delete;

    Task<void> serve(Exchange& exchange) override;

    Client client(const std::string& from = "127.0.0.1") const { return Client(server->port(), from); }
    /// Every /hang and /wait goes on. One shard only.
    void release();

    Events events;
    std::atomic<int> served{0};
    std::unique_ptr<Server> server;

  private:
    Task<void> echo(Exchange& exchange);
    Task<void> stream(Exchange& exchange);
    Task<void> flood(Exchange& exchange);
    Task<void> talk(Exchange& exchange);
    Task<void> wait_for_release(Exchange& exchange, Messages& messages);
    void send_beside(Exchange& exchange, Messages& messages);
    Task<bool> answer_message(Exchange& exchange, Messages& messages, Received received);
    Task<void> hang(Exchange& exchange);
    Task<void> wait_for_release(Exchange& exchange);

    struct Sleepers;
    std::unique_ptr<Sleepers> sleepers_;
};

std::string get(std::string_view path, std::string_view more = {});
std::string post(std::string_view path, std::string_view body, std::string_view more = {});

}  // namespace bursar::edge::test
