#pragma once

#include "service/backup/target.h"

#include <string>
#include <string_view>
#include <vector>

namespace bursar::backup {

std::unique_ptr<Target> s3_target(const TargetOptions& options, const Clock& clock);

/// An answer to ListObjectsV2 (Amazon S3 API reference, read 2026-11), of which we read names and sizes.
struct Page {
    std::vector<Stored> stored;  ///< backups only, without the prefix
    std::string next;            ///< continuation token; empty: it was the last page
};
/// storage_unavailable if it is no such answer.
Result<Page> read_page(std::string_view xml, std::string_view prefix);

}  // namespace bursar::backup
