#pragma once

#include <filesystem>
#include <string>

namespace bursar::edge::test {

/// A folder that is removed with its content.
class Folder {
  public:
    Folder();
    ~Folder();
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

  private:
    std::filesystem::path path_;
};

enum class KeyKind : unsigned char { elliptic, rsa };

/// Writes a fresh key and a self-signed certificate for `name` as PEM.
void write_certificate(const std::filesystem::path& certificate, const std::filesystem::path& key,
                       const std::string& name, KeyKind kind = KeyKind::elliptic);

}  // namespace bursar::edge::test
