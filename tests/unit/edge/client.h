#pragma once

#include "service/edge/http.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct ssl_st;
struct ssl_ctx_st;

// A client that sends exactly the bytes it is told to, and reads answers strictly.
namespace bursar::edge::test {

/// How long anything that must happen may take; only a failing test waits as long.
inline constexpr std::chrono::seconds patience{20};

struct Answer {
    int status = 0;
    std::vector<Header> headers;
    std::string body;

    std::string_view header(std::string_view name) const;
    bool closes() const { return equal_without_case(header("connection"), "close"); }
};

class Client {
  public:
    explicit Client(std::uint16_t port, const std::string& from = "127.0.0.1", int receive_buffer = 0);
    ~Client();
    Client(Client&& other) noexcept;
    Client& operator=(Client&&) = delete;

    bool connected() const { return descriptor_ >= 0; }
    /// TLS from here on; false if the handshake fails. `version_max`: 0 for the newest.
    bool start_tls(int version_max = 0, const std::string& ciphers = {});
    std::string tls_version() const;
    std::string tls_subject() const;  ///< of the certificate that the server showed
    std::string alpn() const;

    /// False once the other side does not take it any more.
    bool send(std::string_view bytes);
    /// The next answer, whole; nothing if the connection ends or stays silent before that. "HTTP/1.1 100" is an answer
    /// too.
    std::optional<Answer> answer(bool to_head = false);
    /// The body or the status of the next answer; "<nothing>" or 0 if there is none.
    std::string body();
    int status();
    /// What is there of the next answer up to its head; its body comes by read_some().
    std::optional<Answer> head();
    /// One read; empty at the end.
    std::string read_some();
    /// Everything until the other side closes; nothing if it does not.
    std::optional<std::string> rest();
    /// Whether the other side closes without a further byte.
    bool ends();
    /// Whether nothing comes and the connection stands for as long.
    bool stays_quiet(std::chrono::milliseconds time) const;
    /// Whether nothing has come and the connection stands, now.
    bool is_quiet() const;
    void shutdown_send();
    void reset();  ///< leaves with RST
    void leave();  ///< leaves with FIN

  private:
    bool fill();
    bool await(short events) const;
    long receive(char* into, std::size_t size);
    std::optional<std::string> line();

    int descriptor_ = -1;
    bool was_reset_ = false;
    std::string received_;
    std::unique_ptr<ssl_ctx_st, void (*)(ssl_ctx_st*)> context_;
    std::unique_ptr<ssl_st, void (*)(ssl_st*)> tls_;
};

}  // namespace bursar::edge::test
