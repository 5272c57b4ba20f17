#include "auth/ldap/resolve.h"

#include "auth/ldap/names.h"

#include <algorithm>
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <sys/socket.h>
#include <tuple>

#include <fmt/format.h>

namespace bursar::ldap {
namespace {

constexpr std::size_t addresses_max = 16, servers_max = 32;
constexpr int answer_bytes_max = 16 * 1024;

/// glibc writes into this while it asks; so it outlives whoever has stopped waiting.
struct Question {
    std::string host;
    std::string port;
    addrinfo hints{};
    gaicb control{};
    gaicb* list[1]{};
    ~Question() {
        if (control.ar_result != nullptr) freeaddrinfo(control.ar_result);
    }
};

std::vector<Address> addresses_in(const addrinfo* found) {
    std::vector<Address> out;
    for (const addrinfo* each = found; each != nullptr && out.size() < addresses_max; each = each->ai_next) {
        Address address;
        if (each->ai_addrlen > address.bytes.size()) continue;
        std::memcpy(address.bytes.data(), each->ai_addr, each->ai_addrlen);
        address.size = each->ai_addrlen;
        address.family = each->ai_family;
        out.push_back(address);
    }
    return out;
}

timespec left_until(Deadline deadline) {
    const auto left = std::max(deadline - std::chrono::steady_clock::now(), std::chrono::steady_clock::duration(0));
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    return {seconds.count(), std::chrono::duration_cast<std::chrono::nanoseconds>(left - seconds).count()};
}

struct Record {
    Server server;
    unsigned priority = 0;
    unsigned weight = 0;
};

/// A resolver of our own, so that several threads may ask and a mute name server costs two seconds, not twenty.
class Resolver {
  public:
    Resolver() {
        good_ = res_ninit(&state_) == 0;
        state_.retrans = 1;
        state_.retry = 2;
    }
    ~Resolver() { res_nclose(&state_); }
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;

    Outcome<std::string> ask(const std::string& name) {
        std::string answer(answer_bytes_max, '\0');
        if (!good_) return failed(Failure::Kind::connection, "the resolver cannot be set up: look at /etc/resolv.conf");
        const int size = res_nquery(&state_, name.c_str(), ns_c_in, ns_t_srv,
                                    reinterpret_cast<unsigned char*>(answer.data()), answer_bytes_max);
        if (size < 0) {
            const bool none = state_.res_h_errno == HOST_NOT_FOUND || state_.res_h_errno == NO_DATA;
            return failed(none ? Failure::Kind::refused : Failure::Kind::connection,
                          fmt::format("DNS has no answer for {} (SRV): {}", name, hstrerror(state_.res_h_errno)));
        }
        answer.resize(static_cast<std::size_t>(std::min(size, answer_bytes_max)));
        return answer;
    }

  private:
    struct __res_state state_{};
    bool good_ = false;
};

}  // namespace

Outcome<std::vector<Address>> addresses_of(const Server& server, Deadline deadline) {
    auto question = std::make_unique<Question>();
    question->host = server.host;
    question->port = std::to_string(server.port);
    question->hints.ai_socktype = SOCK_STREAM;
    // An address needs no name server. Not AI_ADDRCONFIG: it hides every address from a machine that has only loopback.
    in6_addr six{};
    in_addr four{};
    if (inet_pton(AF_INET6, server.host.c_str(), &six) == 1 || inet_pton(AF_INET, server.host.c_str(), &four) == 1)
        question->hints.ai_flags = AI_NUMERICHOST;
    question->control.ar_name = question->host.c_str();
    question->control.ar_service = question->port.c_str();
    question->control.ar_request = &question->hints;
    question->list[0] = &question->control;
    int wrong = getaddrinfo_a(GAI_NOWAIT, question->list, 1, nullptr);
    while (wrong == 0) {
        const timespec left = left_until(deadline);
        const int waited = gai_suspend(question->list, 1, &left);
        wrong = gai_error(&question->control);
        if (wrong != EAI_INPROGRESS) break;
        wrong = 0;
        if (waited != EAI_AGAIN) continue;
        // Who cannot be called off still writes there when nobody waits any more.
        if (gai_cancel(&question->control) == EAI_NOTCANCELED) static_cast<void>(question.release());
        return failed(
            Failure::Kind::time,
            fmt::format("no name server has told the address of {} in time: look at /etc/resolv.conf", server.host));
    }
    if (wrong != 0)
        return failed(Failure::Kind::connection,
                      fmt::format("the name {} has no address ({}): is it spelt right, and does "
                                  "this machine ask the company's name servers?",
                                  server.host, gai_strerror(wrong)));
    return addresses_in(question->control.ar_result);
}

Outcome<std::vector<Server>> servers_in_answer(std::string_view answer, const std::string& domain) {
    ns_msg message{};
    if (ns_initparse(reinterpret_cast<const unsigned char*>(answer.data()), static_cast<int>(answer.size()),
                     &message) != 0)
        return failed(Failure::Kind::connection, "the name server's answer is damaged");
    std::vector<Record> records;
    std::size_t outside = 0;
    for (int i = 0; i < ns_msg_count(message, ns_s_an) && records.size() < servers_max; ++i) {
        ns_rr record{};
        if (ns_parserr(&message, ns_s_an, i, &record) != 0 || ns_rr_type(record) != ns_t_srv || ns_rr_rdlen(record) < 7)
            continue;
        const unsigned char* bytes = ns_rr_rdata(record);
        char target[NS_MAXDNAME];
        if (ns_name_uncompress(ns_msg_base(message), ns_msg_end(message), bytes + 6, target, sizeof target) < 0)
            continue;
        std::string host = small_letters(target);
        if (host.ends_with('.')) host.pop_back();
        const std::uint16_t port = static_cast<std::uint16_t>(ns_get16(bytes + 4));
        if (host != domain && !host.ends_with("." + domain))
            ++outside;
        else
            records.push_back({{host, port, port == 636}, ns_get16(bytes), ns_get16(bytes + 2)});
    }
    if (records.empty())
        return failed(Failure::Kind::refused,
                      outside > 0 ? fmt::format("DNS names only servers outside {}, which are not believed: write them "
                                                "into `servers` if they are right",
                                                domain)
                                  : fmt::format("DNS names no directory server of {}", domain));
    std::ranges::sort(records, [](const Record& a, const Record& b) {
        return std::tuple(a.priority, b.weight, a.server) < std::tuple(b.priority, a.weight, b.server);
    });
    std::vector<Server> servers;
    for (Record& record : records) servers.push_back(std::move(record.server));
    return servers;
}

Outcome<std::vector<Server>> servers_of_domain(const std::string& domain, bool active_directory, Deadline deadline) {
    Resolver resolver;
    std::vector<std::string> names;
    if (active_directory) names.push_back("_ldap._tcp.dc._msdcs." + domain);
    names.push_back("_ldap._tcp." + domain);
    Outcome<std::vector<Server>> found = failed(Failure::Kind::time, "no name server has answered in time");
    for (const std::string& name : names) {
        if (std::chrono::steady_clock::now() >= deadline) break;
        const auto answer = resolver.ask(name);
        found = answer ? servers_in_answer(*answer, domain) : std::unexpected(answer.error());
        if (found) break;
    }
    return found;
}

}  // namespace bursar::ldap
