#include "service/admin/http_server.h"

#include "service/admin/body.h"
#include "service/base/log.h"

#include <cerrno>
#include <cstring>
#include <sys/stat.h>

#include <Poco/Exception.h>
#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerParams.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/ThreadPool.h>
#include <fmt/format.h>

namespace bursar::admin {
namespace {

namespace net = Poco::Net;
using HttpStatus = net::HTTPResponse::HTTPStatus;

/// sun_path of sockaddr_un, less its final zero.
constexpr std::size_t socket_path_bytes_max = 107;
constexpr long read_timeout_seconds = 30;

Result<std::string> read_body(net::HTTPServerRequest& request) {
    if (request.getChunkedTransferEncoding())
        return fail(Fault::not_implemented, "The control plane takes bodies with a Content-Length only.");
    const auto length = request.hasContentLength() ? request.getContentLength64() : 0;
    if (length < 0 || static_cast<std::size_t>(length) > body_bytes_max)
        return fail(Fault::too_large,
                    fmt::format("The body has {} bytes; at most {} are taken.", length, body_bytes_max));
    std::string body(static_cast<std::size_t>(length), '\0');
    request.stream().read(body.data(), static_cast<std::streamsize>(length));
    if (request.stream().gcount() != static_cast<std::streamsize>(length))
        return fail(Fault::malformed, "The body ended before its Content-Length.");
    return body;
}

Request request_of(net::HTTPServerRequest& request, std::string body) {
    const std::string& target = request.getURI();
    const std::size_t mark = target.find('?');
    return {.method = request.getMethod(),
            .path = target.substr(0, mark),
            .query = mark == std::string::npos ? "" : target.substr(mark + 1),
            .authorization = request.get("Authorization", ""),
            .if_match = request.get("If-Match", ""),
            .accept = request.get("Accept", ""),
            .address = request.get("x-bursar-address", ""),
            .body = std::move(body),
            .content_type = request.get("Content-Type", ""),
            .host = request.get("Host", ""),
            .cookie = request.get("Cookie", ""),
            .origin = request.get("Origin", ""),
            .fetch_site = request.get("Sec-Fetch-Site", ""),
            .csrf = request.get("x-bursar-csrf", ""),
            .user_agent = request.get("User-Agent", ""),
            .if_none_match = request.get("If-None-Match", "")};
}

void send(net::HTTPServerResponse& response, const Answer& answer) {
    response.setStatusAndReason(static_cast<HttpStatus>(answer.status));
    response.set("Cache-Control", "no-store");
    response.set("X-Content-Type-Options", "nosniff");
    response.setKeepAlive(false);
    for (const auto& [name, value] : answer.headers) {
        if (name == "Set-Cookie")
            response.add(name, value);  // there may be several
        else
            response.set(name, value);
    }
    if (answer.status == 204 || answer.status == 304) {
        response.send();
        return;
    }
    response.setContentType(std::string(answer.content_type));
    response.sendBuffer(answer.body.data(), answer.body.size());
}

class Handling final : public net::HTTPRequestHandler {
  public:
    explicit Handling(const HttpServer::Answering& answering) : answering_(answering) {}

    void handleRequest(net::HTTPServerRequest& request, net::HTTPServerResponse& response) override try {
        auto body = read_body(request);
        send(response, body ? answer(request_of(request, std::move(*body))) : answer_to(body.error()));
    } catch (const std::exception& error) {
        log::warning("control_connection_failed", {{"text", error.what()}});  // the relay hung up
    }

  private:
    Answer answer(Request request) try { return answering_(std::move(request)); } catch (const std::exception& error) {
        log::error("control_defect", {{"text", error.what()}});
        return answer_to(Error{Fault::internal, "This is a defect of the service; its log has more.", {}});
    }

    const HttpServer::Answering& answering_;
};

class Factory final : public net::HTTPRequestHandlerFactory {
  public:
    explicit Factory(HttpServer::Answering answering) : answering_(std::move(answering)) {}
    net::HTTPRequestHandler* createRequestHandler(const net::HTTPServerRequest&) override {
        return new Handling(answering_);
    }

  private:
    HttpServer::Answering answering_;
};

/// Bound, closed to everybody else, then listening: there is no moment at which another user could connect.
Result<net::ServerSocket> listen_on(const std::filesystem::path& path) {
    const std::string text = path.string();
    if (text.size() > socket_path_bytes_max)
        return fail(
            Fault::wrong_configuration,
            fmt::format(
                "The control socket's path has {} bytes; the system takes {}. Choose a shorter state folder: {}",
                text.size(), socket_path_bytes_max, text));
    std::error_code ignored;
    if (std::filesystem::is_socket(path, ignored)) std::filesystem::remove(path, ignored);
    try {
        net::ServerSocket socket;
        socket.bind(net::SocketAddress(net::SocketAddress::UNIX_LOCAL, text), false);
        if (::chmod(text.c_str(), S_IRUSR | S_IWUSR) != 0)
            return fail(
                Fault::wrong_configuration,
                fmt::format("The control socket {} cannot be closed to other users: {}", text, std::strerror(errno)));
        socket.listen(HttpServer::waiting_max);
        return socket;
    } catch (const Poco::Exception& error) {
        return fail(Fault::wrong_configuration,
                    fmt::format("The control socket {} cannot be made: {}", text, error.displayText()));
    }
}

class PocoServer final : public HttpServer {
  public:
    PocoServer(std::filesystem::path path, const net::ServerSocket& socket, Answering answering)
        : path_(std::move(path)),
          pool_("control", threads, threads),
          server_(new Factory(std::move(answering)), pool_, socket, parameters()) {
        server_.start();
    }
    ~PocoServer() override { stop(); }

    void stop() override {
        if (stopped_) return;
        stopped_ = true;
        server_.stopAll(false);
        pool_.joinAll();
        std::error_code ignored;
        std::filesystem::remove(path_, ignored);
    }

  private:
    static net::HTTPServerParams::Ptr parameters() {
        net::HTTPServerParams::Ptr parameters = new net::HTTPServerParams;
        parameters->setKeepAlive(false);
        parameters->setMaxThreads(threads);
        parameters->setMaxQueued(waiting_max);
        parameters->setTimeout(Poco::Timespan(read_timeout_seconds, 0));
        return parameters;
    }

    std::filesystem::path path_;
    Poco::ThreadPool pool_;
    net::HTTPServer server_;
    bool stopped_ = false;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::start(const std::filesystem::path& socket, Answering answering) {
    TRY(const net::ServerSocket listening, listen_on(socket));
    try {
        return std::make_unique<PocoServer>(socket, listening, std::move(answering));
    } catch (const std::exception& error) {
        return fail(Fault::internal, "The control plane cannot start.", error.what());
    }
}

}  // namespace bursar::admin
