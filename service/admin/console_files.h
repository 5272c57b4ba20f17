#pragma once

#include "service/base/result.h"

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace bursar::admin {

/// The built console: a few small files, read once and kept. Immutable; any thread.
class ConsoleFiles {
  public:
    static constexpr std::size_t file_bytes_max = 8 * 1024 * 1024;
    static constexpr std::size_t files_max = 500;

    struct File {
        std::string body;
        std::string_view content_type;
        std::string tag;       ///< ETag, with its quotes
        bool forever = false;  ///< its name changes with its contents
    };

    /// An empty folder name is no console: then the pages say so. wrong_configuration if the folder cannot be read or
    /// has no index.html.
    static Result<ConsoleFiles> read(const std::filesystem::path& folder);

    bool empty() const { return files_.empty(); }
    /// "/assets/index-1f3c.js"; null if there is none.
    const File* find(std::string_view path) const;
    const File* page() const { return find("/index.html"); }

  private:
    std::map<std::string, File, std::less<>> files_;
};

}  // namespace bursar::admin
