#include "service/backup/archive.h"

#include "service/backup/head.h"
#include "service/base/crypto.h"
#include "service/store/files.h"
#include "service/vault/cipher.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

namespace bursar::backup {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t digest_bytes = 32;
constexpr std::size_t sealed_bytes_max = piece_bytes + vault::encryption_overhead_bytes;

std::unexpected<Error> cannot(std::string_view doing, const fs::path& file, int number) {
    return fail(number == ENOSPC || number == EDQUOT ? Fault::storage_unavailable : Fault::wrong_configuration,
                fmt::format("Cannot {} {}: {}.", doing, file.string(), store::errno_text(number)));
}

std::unexpected<Error> damaged(const fs::path& file) {
    return fail(
        Fault::wrong_configuration,
        fmt::format("{} is damaged: it was cut or edited. Take another copy of it, or another backup.", file.string()));
}

std::string number_bytes(std::uint64_t number, int count) {
    std::string out;
    for (int i = 0; i < count; ++i) out.push_back(static_cast<char>(number >> (8 * i) & 0xff));
    return out;
}

/// What a piece is bound to.
std::string place(std::string_view head_digest, std::size_t part, std::uint64_t piece, bool last) {
    return fmt::format("bursar backup 1 {}{}{}{}", head_digest, number_bytes(part, 4), number_bytes(piece, 8),
                       last ? 'L' : 'M');
}

/// A chain over blocks of one size, so that nobody has to hold a whole file.
class Chain {
  public:
    void add(std::string_view bytes) {
        while (!bytes.empty()) {
            const std::size_t taken = std::min(bytes.size(), piece_bytes - held_.size());
            held_ += bytes.substr(0, taken);
            bytes.remove_prefix(taken);
            if (held_.size() == piece_bytes) close();
        }
    }
    std::string digest() {
        close();
        return digest_;
    }

  private:
    void close() {
        digest_ = as_text(sha256(digest_ + std::string(as_text(sha256(held_)))));
        held_.clear();
    }
    std::string held_;
    std::string digest_ = std::string(digest_bytes, '\0');
};

/// Up to `wanted` bytes; fewer at the end of the file only.
Result<std::string> read_some(int descriptor, std::size_t wanted, const fs::path& file) {
    std::string bytes(wanted, '\0');
    std::size_t have = 0;
    while (have < wanted) {
        const ssize_t count = ::read(descriptor, bytes.data() + have, wanted - have);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return cannot("read", file, errno);
        if (count == 0) break;
        have += static_cast<std::size_t>(count);
    }
    bytes.resize(have);
    return bytes;
}

Result<void> write_all(int descriptor, std::string_view bytes, const fs::path& file) {
    while (!bytes.empty()) {
        const ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return cannot("write", file, errno);
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
}

Result<store::Descriptor> open_to_read(const fs::path& file) {
    store::Descriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!descriptor.is_open()) return cannot("open", file, errno);
    return descriptor;
}

Result<store::Descriptor> open_new(const fs::path& file) {
    store::Descriptor descriptor(
        ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR));
    if (!descriptor.is_open()) return cannot("create", file, errno);
    return descriptor;
}

class Writer {
  public:
    Writer(int descriptor, const fs::path& file, const Secret& key) : out_(descriptor), file_(file), key_(key) {}

    Result<void> put(std::string_view bytes) {
        chain_.add(bytes);
        return write_all(out_, bytes, file_);
    }
    Result<void> head(const std::string& head) {
        head_digest_ = as_text(sha256(head));
        return put(head);
    }
    /// `done` counts bytes of all parts.
    Result<void> part(std::size_t index, const Source& source, std::uint64_t bytes, std::uint64_t& done,
                      const std::function<bool()>& goes_on) {
        TRY(const store::Descriptor in, open_to_read(source.file));
        std::uint64_t left = bytes;
        for (std::uint64_t piece = 0;; ++piece) {
            if (!goes_on()) return fail(Fault::shutting_down, "The backup was ended before it was whole.");
            TRY(const std::string plain,
                read_some(in.number(), static_cast<std::size_t>(std::min<std::uint64_t>(piece_bytes, left)),
                          source.file));
            left -= plain.size();
            if (plain.size() < piece_bytes && left > 0)
                return fail(Fault::internal, fmt::format("{} became shorter meanwhile.", source.file.string()));
            const std::string sealed = vault::encrypt(key_, place(head_digest_, index, piece, left == 0), plain);
            TRY_VOID(put(number_bytes(sealed.size(), 4)));
            TRY_VOID(put(sealed));
            done += plain.size();
            if (left == 0) return {};
        }
    }
    Result<void> end() { return write_all(out_, chain_.digest(), file_); }

  private:
    int out_;
    const fs::path& file_;
    const Secret& key_;
    Chain chain_;
    std::string head_digest_;
};

Result<void> write_parts(int out, const fs::path& to, const Manifest& manifest, std::span<const Source> sources,
                         const Secret& key, const store::GoesOn& goes_on) {
    std::uint64_t all = 0, done = 0;
    for (const Part& part : manifest.parts) all += part.bytes;
    Writer writer(out, to, key);
    TRY_VOID(writer.head(write_head(manifest)));
    for (std::size_t i = 0; i < sources.size(); ++i)
        TRY_VOID(writer.part(i, sources[i], manifest.parts[i].bytes, done, [&] { return goes_on(done, all); }));
    TRY_VOID(writer.end());
    if (::fsync(out) != 0) return cannot("sync", to, errno);
    return store::sync_folder(to.parent_path());
}

Result<Head> head_of(int descriptor, const fs::path& file) {
    TRY(const std::string bytes, read_some(descriptor, head_bytes_max, file));
    return read_head(bytes);
}

/// The pieces of one part, in their order.
Result<void> extract_part(int in, const fs::path& file, const Part& part, std::size_t index,
                          std::string_view head_digest, const Secret& key, const fs::path& to) {
    TRY(const store::Descriptor out, open_new(to));
    std::uint64_t left = part.bytes;
    for (std::uint64_t piece = 0;; ++piece) {
        TRY(const std::string length, read_some(in, 4, file));
        if (length.size() != 4) return damaged(file);
        std::size_t bytes = 0;
        for (std::size_t i = 0; i < 4; ++i) bytes |= std::size_t{static_cast<unsigned char>(length[i])} << (8 * i);
        if (bytes > sealed_bytes_max) return damaged(file);
        TRY(const std::string sealed, read_some(in, bytes, file));
        const std::uint64_t expected = std::min<std::uint64_t>(piece_bytes, left);
        const bool last = left <= piece_bytes;
        const auto plain = vault::decrypt(key, place(head_digest, index, piece, last), sealed);
        if (!plain || plain->size() != expected) return damaged(file);
        TRY_VOID(write_all(out.number(), plain->reveal(), to));
        left -= expected;
        if (!last) continue;
        if (::fsync(out.number()) != 0) return cannot("sync", to, errno);
        return {};
    }
}

}  // namespace

std::string key_info(const Manifest& manifest) { return "backup " + to_hex(manifest.salt); }

Result<void> write_archive(const fs::path& to, Manifest manifest, std::span<const Source> sources, const Secret& key,
                           const store::GoesOn& goes_on) {
    manifest.parts.clear();
    for (const Source& source : sources) {
        std::error_code error;
        const auto bytes = fs::file_size(source.file, error);
        if (error) return cannot("read", source.file, error.value());
        manifest.parts.push_back({.name = source.name, .bytes = bytes});
    }
    // What cannot be read again must not be written.
    TRY_VOID(read_head(write_head(manifest)));
    TRY(const store::Descriptor out, open_new(to));
    auto written = write_parts(out.number(), to, manifest, sources, key, goes_on);
    if (!written) ::unlink(to.c_str());
    return written;
}

Result<Manifest> read_manifest(const fs::path& file) {
    TRY(const store::Descriptor in, open_to_read(file));
    TRY(Head head, head_of(in.number(), file));
    return std::move(head.manifest);
}

Result<void> check_whole(const fs::path& file) {
    TRY(const store::Descriptor in, open_to_read(file));
    struct stat facts{};
    if (::fstat(in.number(), &facts) != 0) return cannot("look at", file, errno);
    if (facts.st_size < static_cast<off_t>(digest_bytes)) return damaged(file);
    Chain chain;
    for (auto left = static_cast<std::uint64_t>(facts.st_size) - digest_bytes; left > 0;) {
        TRY(const std::string bytes,
            read_some(in.number(), static_cast<std::size_t>(std::min<std::uint64_t>(piece_bytes, left)), file));
        if (bytes.empty()) return damaged(file);
        chain.add(bytes);
        left -= bytes.size();
    }
    TRY(const std::string digest, read_some(in.number(), digest_bytes, file));
    if (digest != chain.digest()) return damaged(file);
    return {};
}

Result<void> extract(const fs::path& file, const Secret& key, const fs::path& folder) {
    TRY(const store::Descriptor in, open_to_read(file));
    TRY(const Head head, head_of(in.number(), file));
    if (::lseek(in.number(), 0, SEEK_SET) != 0) return cannot("read", file, errno);
    TRY(const std::string head_bytes, read_some(in.number(), head.bytes, file));
    const std::string head_digest(as_text(sha256(head_bytes)));
    for (std::size_t i = 0; i < head.manifest.parts.size(); ++i) {
        const Part& part = head.manifest.parts[i];
        const fs::path to = folder / part.name;
        std::error_code error;
        fs::create_directories(to.parent_path(), error);
        if (error) return cannot("create", to.parent_path(), error.value());
        TRY_VOID(extract_part(in.number(), file, part, i, head_digest, key, to));
    }
    return {};
}

}  // namespace bursar::backup
