// SQL inside a program: it pushes rows in from a thread of its own, a query sums them up by window,
// and the program takes the results.
#include <cstdio>
#include <string>
#include <thread>

#include "thalweg/thalweg.h"

namespace {

using namespace std::chrono_literals;

struct Order {
  std::string shop;
  double amount;
  thalweg::Timestamp time;
};

struct Minute {
  thalweg::Timestamp window_start;
  std::int64_t orders;
  double total;
};

// One order every ten seconds, in three shops in turn; the amounts are 0, 0.5, 1 and so on.
Order make_order(int number) {
  static const char* const kShops[] = {"north", "south", "west"};
  const auto start = std::chrono::sys_days(std::chrono::year(2024) / 2 / 29);
  return {kShops[number % 3], number * 0.5, thalweg::Timestamp::from(start + number * 10s)};
}

}  // namespace

int main(int argc, char** argv) {
  const thalweg::Input<Order> orders;

  thalweg::Pipeline pipeline("orders");
  pipeline.source(orders, "orders")
      .event_time<&Order::time>(thalweg::bounded_out_of_order(0s))
      .filter("amount >= 2")
      .as_table("large_orders");

  pipeline
      .sql(R"(
        SELECT window_start, count(*) AS orders, sum(amount) AS total
        FROM TUMBLE(large_orders, time, INTERVAL '1 minute')
        WHERE shop <> 'west'
        GROUP BY window_start, window_end
      )")
      .as<Minute>()
      .sink([](const Minute& minute) {
        std::printf("%s  %ld orders  %.1f\n", to_string(minute.window_start).c_str(),
                    static_cast<long>(minute.orders), minute.total);
      });

  const std::jthread shops([orders] {
    for (int number = 0; number < 30; ++number) {
      orders.push(make_order(number));
    }
    orders.close();  // Ends the run: all windows close.
  });
  return thalweg::main(pipeline, argc, argv);
}
