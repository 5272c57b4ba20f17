#include "service/backup/sftp.h"

#include "service/backup/backups.h"
#include "service/backup/transfer.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace bursar::backup {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t size_column = 4, columns = 9;

std::string_view whole_name(std::string_view name) {
    if (name.ends_with(part_suffix)) name.remove_suffix(part_suffix.size());
    return name;
}

/// The vault takes one line, a key has many: it comes in base64. What is no key in base64 is a password.
Secret credential(const Secret& stored) {
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    text.reserve(stored.size());
    unsigned bits = 0, count = 0;
    for (const char c : stored.reveal()) {
        const auto value = digits.find(c);
        if (value == std::string_view::npos) break;
        bits = (bits << 6 | static_cast<unsigned>(value)) & 0xffff;
        count += 6;
        if (count < 8) continue;
        count -= 8;
        text.push_back(static_cast<char>(bits >> count & 0xff));
    }
    Secret key(std::move(text));
    return key.reveal().starts_with("-----BEGIN ") ? std::move(key) : stored.duplicate();
}

class Sftp final : public Target {
  public:
    explicit Sftp(const TargetOptions& options) : options_(options) {}

    Result<void> send(const fs::path& file, const std::string& name, const Secret& secret,
                      const store::GoesOn& goes_on) const override {
        std::error_code error;
        const auto bytes = fs::file_size(file, error);
        if (error) return fail(Fault::storage_unavailable, fmt::format("{} cannot be read.", file.string()));
        TRY(const auto before, everything(secret, goes_on));
        const std::string part = name + std::string(part_suffix);
        Exchange put{.url = url_of(part), .method = Method::put};
        put.upload = file;
        // What a kill has left; and one of this name that was not whole when it was looked for.
        for (const Stored& each : before)
            if (each.name.ends_with(part_suffix) && each.name != part)
                put.commands.push_back("*rm " + path_of(each.name));
        put.commands.push_back("*rm " + path_of(name));
        put.commands.push_back(fmt::format("rename {} {}", path_of(part), path_of(name)));
        TRY_VOID(ask(std::move(put), secret, goes_on));
        TRY(const auto after, everything(secret, goes_on));
        if (std::ranges::find(after, Stored{.name = name, .bytes = bytes}) != after.end()) return {};
        return fail(Fault::storage_unavailable,
                    fmt::format("{} was sent with {} bytes, but is not there with as many. Is {} full?", name, bytes,
                                options_.place.host));
    }

    Result<std::vector<Stored>> list(const Secret& secret, const store::GoesOn& goes_on) const override {
        TRY(auto all, everything(secret, goes_on));
        std::erase_if(all, [](const Stored& each) { return each.name.ends_with(part_suffix); });
        std::ranges::sort(all, std::greater{}, &Stored::name);
        return all;
    }

    Result<void> remove(const std::string& name, const Secret& secret, const store::GoesOn& goes_on) const override {
        Exchange exchange{.url = url_of("")};
        exchange.commands = {"rm " + path_of(name)};
        TRY_VOID(ask(std::move(exchange), secret, goes_on));
        return {};
    }

    Result<void> fetch(const std::string& name, const fs::path& to, const Secret& secret,
                       const store::GoesOn& goes_on) const override {
        Exchange get{.url = url_of(name)};
        get.into = to;
        TRY_VOID(ask(std::move(get), secret, goes_on));
        return {};
    }

  private:
    std::string path_of(const std::string& name) const { return fmt::format("{}/{}", options_.place.path, name); }
    std::string url_of(const std::string& name) const {
        return fmt::format("sftp://{}{}", options_.place.authority(), path_of(name));
    }
    Result<Answer> ask(Exchange exchange, const Secret& secret, const store::GoesOn& goes_on) const {
        const Secret own = credential(secret);
        exchange.ssh = SshAccount{.user = options_.place.user, .host_key = options_.host_key, .secret = &own};
        return carry(options_, exchange, goes_on);
    }
    Result<std::vector<Stored>> everything(const Secret& secret, const store::GoesOn& goes_on) const {
        TRY(const Answer answer, ask({.url = url_of("")}, secret, goes_on));
        return read_listing(answer.body);
    }

    const TargetOptions options_;
};

}  // namespace

std::vector<Stored> read_listing(std::string_view lines) {
    std::vector<Stored> out;
    while (!lines.empty() && out.size() < stored_max) {
        const auto end = std::min(lines.find('\n'), lines.size());
        std::string_view line = lines.substr(0, end);
        lines.remove_prefix(std::min(end + 1, lines.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        std::vector<std::string_view> words;
        while (!line.empty() && words.size() <= columns) {
            const auto first = std::min(line.find_first_not_of(' '), line.size());
            const auto last = std::min(line.find(' ', first), line.size());
            if (last > first) words.push_back(line.substr(first, last - first));
            line.remove_prefix(last);
        }
        if (words.size() != columns || !words[0].starts_with('-') || !made_at(whole_name(words.back()))) continue;
        const std::string_view size = words[size_column];
        std::uint64_t bytes = 0;
        const auto [stop, error] = std::from_chars(size.data(), size.data() + size.size(), bytes);
        if (error == std::errc{} && stop == size.data() + size.size())
            out.push_back({.name = std::string(words.back()), .bytes = bytes});
    }
    return out;
}

std::unique_ptr<Target> sftp_target(const TargetOptions& options) { return std::make_unique<Sftp>(options); }

}  // namespace bursar::backup
