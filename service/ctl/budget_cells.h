#pragma once

#include <string>

class QJsonArray;
class QJsonObject;

// Budgets of the API's answers as people read them, with their units. Pure.
namespace bursar::ctl {

/// "100.00 USD per month", "5,000,000 tokens in any 24 hours (soft)"
std::string budget_text(const QJsonObject& budget);

/// The rows of GET /api/v1/budgets with the texts account, limit, per, of, spent, held, left and until.
QJsonArray budget_cells(const QJsonArray& budgets);

}  // namespace bursar::ctl
