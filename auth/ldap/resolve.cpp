#include "auth/ldap/resolve.h"

#include "auth/ldap/names.h"
#include "service/base/mutex.h"

#include <algorithm>
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <atomic>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <sys/socket.h>
#include <thread>
#include <tuple>
#include <utility>

#include <fmt/format.h>

namespace bursar::ldap {
namespace {

constexpr std::size_t addresses_max = 16, servers_max = 32;
constexpr int answer_bytes_max = 16 * 1024;

/// One name that is being looked up, shared with the thread that asks: it outlives whoever has stopped waiting.
struct Question {
    std::string host;
    std::string port;
    Mutex mutex;
    Condition answered;
    bool done GUARDED_BY(mutex) = false;
    int wrong GUARDED_BY(mutex) = 0;
    std::vector<Address> addresses GUARDED_BY(mutex);
};

/// So many names are asked for at once; those that a mute name server keeps count as long as it keeps them.
constexpr int questions_max = 32;
std::atomic<int> questions_now{0};

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

/// What getaddrinfo() says, in its own words of failure.
int look_up(const std::string& host, const std::string& port, int flags, std::vector<Address>& out) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    // Not AI_ADDRCONFIG: it hides every address from a machine that has only loopback.
    hints.ai_flags = flags;
    addrinfo* found = nullptr;
    const int wrong = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
    if (wrong == 0) {
        out = addresses_in(found);
        ::freeaddrinfo(found);
    }
    return wrong;
}

/// On a thread of its own, which nobody can call off: getaddrinfo() knows no deadline.
bool ask_beside(const std::shared_ptr<Question>& question) {
    if (questions_now.fetch_add(1) >= questions_max) {
        questions_now.fetch_sub(1);
        return false;
    }
    std::thread([question] {
        std::vector<Address> addresses;
        const int wrong = look_up(question->host, question->port, 0, addresses);
        {
            const MutexLock lock(question->mutex);
            question->wrong = wrong;
            question->addresses = std::move(addresses);
            question->done = true;
            question->answered.notify_all();
        }
        questions_now.fetch_sub(1);
    }).detach();
    return true;
}

std::unexpected<Failure> no_address(const std::string& host, int wrong) {
    return failed(Failure::Kind::connection, fmt::format("the name {} has no address ({}): is it spelt right, and does "
                                                         "this machine ask the company's name servers?",
                                                         host, gai_strerror(wrong)));
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
    const std::string port = std::to_string(server.port);
    // An address needs no name server.
    in6_addr six{};
    in_addr four{};
    if (inet_pton(AF_INET6, server.host.c_str(), &six) == 1 || inet_pton(AF_INET, server.host.c_str(), &four) == 1) {
        std::vector<Address> addresses;
        const int wrong = look_up(server.host, port, AI_NUMERICHOST, addresses);
        if (wrong != 0) return no_address(server.host, wrong);
        return addresses;
    }
    const auto question = std::make_shared<Question>();
    question->host = server.host;
    question->port = port;
    if (!ask_beside(question))
        return failed(Failure::Kind::time,
                      fmt::format("{} names wait for the name servers already, so {} is not asked for", questions_max,
                                  server.host));
    const MutexLock lock(question->mutex);
    while (!question->done)
        if (!question->answered.wait_until(question->mutex, deadline) && !question->done)
            return failed(Failure::Kind::time,
                          fmt::format("no name server has told the address of {} in time: look at /etc/resolv.conf",
                                      server.host));
    if (question->wrong != 0) return no_address(server.host, question->wrong);
    return question->addresses;
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
