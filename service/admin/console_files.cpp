#include "service/admin/console_files.h"

#include "service/base/crypto.h"

#include <array>
#include <fstream>
#include <iterator>
#include <utility>

#include <fmt/format.h>

namespace bursar::admin {
namespace {

namespace fs = std::filesystem;

struct Kind {
    std::string_view ending, content_type;
};
constexpr std::array kinds = {Kind{".html", "text/html; charset=utf-8"},
                              Kind{".js", "text/javascript; charset=utf-8"},
                              Kind{".css", "text/css; charset=utf-8"},
                              Kind{".svg", "image/svg+xml"},
                              Kind{".png", "image/png"},
                              Kind{".ico", "image/x-icon"},
                              Kind{".woff2", "font/woff2"},
                              Kind{".json", "application/json"},
                              Kind{".webmanifest", "application/manifest+json"},
                              Kind{".txt", "text/plain; charset=utf-8"}};

/// Empty for an ending that no page of ours needs: such a file is not served.
std::string_view content_type_of(const fs::path& file) {
    for (const Kind& kind : kinds)
        if (file.extension() == kind.ending) return kind.content_type;
    return {};
}

Result<std::string> contents_of(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::string body{std::istreambuf_iterator<char>(in), {}};
    if (in.bad() || !in.is_open() || body.size() > ConsoleFiles::file_bytes_max)
        return fail(
            Fault::wrong_configuration,
            fmt::format("{}: cannot be read, or is larger than 8 MiB. Build the console again: installer/console.",
                        file.string()));
    return body;
}

}  // namespace

Result<ConsoleFiles> ConsoleFiles::read(const fs::path& folder) {
    ConsoleFiles all;
    if (folder.empty()) return all;
    std::error_code failed;
    for (fs::recursive_directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed)) {
        if (!at->is_regular_file(failed) || content_type_of(at->path()).empty()) continue;
        if (all.files_.size() >= files_max) break;
        TRY(std::string body, contents_of(at->path()));
        const std::string name = "/" + fs::relative(at->path(), folder, failed).generic_string();
        const Digest digest = sha256(body);
        File file{.body = std::move(body),
                  .content_type = content_type_of(at->path()),
                  .tag = fmt::format("\"{}\"", to_base32(as_text(digest).substr(0, 16))),
                  .forever = name.starts_with("/assets/")};
        all.files_.emplace(name, std::move(file));
    }
    if (failed || all.page() == nullptr)
        return fail(
            Fault::wrong_configuration,
            fmt::format("{}: is no built console (console.folder). Build it: installer/console.", folder.string()),
            failed.message());
    return all;
}

const ConsoleFiles::File* ConsoleFiles::find(std::string_view path) const {
    const auto found = files_.find(path);
    return found == files_.end() ? nullptr : &found->second;
}

}  // namespace bursar::admin
