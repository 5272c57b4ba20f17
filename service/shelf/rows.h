#pragma once

#include "service/shelf/shelf.h"

#include <optional>

// The tables of what is stored at providers: written and read by the writer thread.
namespace bursar::shelf {

/// conflict: something has its id.
Result<void> insert_item(store::Transaction& transaction, const Item& item);
Result<void> insert_lines(store::Transaction& transaction, std::string_view id, std::string_view packed);
Result<void> update_item(store::Transaction& transaction, const Item& item);
Result<void> remove_item(store::Transaction& transaction, std::string_view id);
/// not_found.
Result<std::string> read_lines(store::Transaction& transaction, std::string_view id);
Result<State> read_state(store::Transaction& transaction, std::string_view id);
Result<void> write_settled(store::Transaction& transaction, std::string_view id);
/// In the order in which they were made.
Result<std::vector<Item>> read_items(store::Transaction& transaction);

}  // namespace bursar::shelf
