// Hunts: a provider key that stays in memory after the head it was written into was sent.
#include "tests/unit/providers/upstream_fixture.h"

#include <csignal>
#include <fstream>
#include <sys/wait.h>
#include <unistd.h>

namespace bursar::providers {
namespace {

using namespace testing;

constexpr char mask = 0x55;
// Stands nowhere in plain but where a test puts it.
std::string masked_key() {
    std::string key = "sk-canary-of-the-credential-test";
    for (char& c : key) c = static_cast<char>(c ^ mask);
    return key;
}

/// How often the key stands in the writable memory of this process.
int copies_in_memory(const std::string& masked) {
    int copies = 0;
    std::ifstream maps("/proc/self/maps");
    std::ifstream memory("/proc/self/mem", std::ios::binary);
    std::vector<char> block(1U << 20U);
    for (std::string line; std::getline(maps, line);) {
        if (line.find(" rw") == std::string::npos || line.find("[v") != std::string::npos) continue;
        const std::size_t begin = std::stoul(line, nullptr, 16);
        const std::size_t end = std::stoul(line.substr(line.find('-') + 1), nullptr, 16);
        if (end - begin > (1U << 30U)) continue;  // the shadow of a sanitiser
        for (std::size_t at = begin; at < end; at += block.size() - masked.size()) {
            memory.clear();
            memory.seekg(static_cast<std::streamoff>(at));
            memory.read(block.data(), static_cast<std::streamsize>(std::min(block.size(), end - at)));
            const auto got = static_cast<std::size_t>(memory.gcount());
            for (std::size_t i = 0; i + masked.size() <= got; ++i) {
                std::size_t same = 0;
                while (same < masked.size() && static_cast<char>(block[i + same] ^ mask) == masked[same]) ++same;
                if (same == masked.size()) ++copies;
            }
        }
        std::ranges::fill(block, '\0');
    }
    return copies;
}

/// The server runs in a process of its own: what it reads is its own memory.
class Apart {
  public:
    explicit Apart(const RawServer::Script& script) {
        int channel[2];
        if (::pipe(channel) != 0) return;
        child_ = ::fork();
        if (child_ == 0) {
            const RawServer server(script);
            const std::uint16_t port = server.port();
            if (::write(channel[1], &port, sizeof port) != sizeof port) ::_exit(1);
            ::pause();
            ::_exit(0);
        }
        if (::read(channel[0], &port_, sizeof port_) != sizeof port_) port_ = 0;
        ::close(channel[0]);
        ::close(channel[1]);
    }
    ~Apart() {
        ::kill(child_, SIGKILL);
        ::waitpid(child_, nullptr, 0);
    }
    std::uint16_t port() const { return port_; }

  private:
    pid_t child_ = -1;
    std::uint16_t port_ = 0;
};

std::string unmasked(std::string key) {
    for (char& c : key) c = static_cast<char>(c ^ mask);
    return key;
}

class Credential : public Upstream {
  protected:
    void expect_no_copy_after(const Target& to) {
        const std::string masked = masked_key();
        {
            const Secret key(unmasked(masked));
            EXPECT_GE(copies_in_memory(masked), 1) << "the search must be able to find it";
            Ask ask;
            ask.credential = &key;
            EXPECT_EQ(run(call(*pool_, to, ask)).body, "hello");
        }
        EXPECT_EQ(copies_in_memory(masked), 0);
        EXPECT_EQ(pool_->idle(), 1U);
    }
};

TEST_F(Credential, nothing_of_it_stays_behind_a_plain_request) {
    const Apart server([](Peer& peer, int) { answer_each(peer); });
    expect_no_copy_after(target(server.port()));
}

TEST_F(Credential, nothing_of_it_stays_behind_a_request_in_tls) {
    const auto authority = make_authority("Bursar test authority");
    const auto certificate = make_certificate("localhost", authority);
    const std::string ca_file = ::testing::TempDir() + "credential-test-" + std::to_string(::getpid()) + ".pem";
    std::ofstream(ca_file) << authority.chain;
    const Apart server([&](Peer& peer, int) {
        if (peer.start_tls(certificate)) answer_each(peer);
    });
    expect_no_copy_after({.tls = true, .host = "localhost", .port = server.port(), .ca_file = ca_file});
    ::unlink(ca_file.c_str());
}

}  // namespace
}  // namespace bursar::providers
