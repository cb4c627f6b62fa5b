#pragma once

// Kafka's clients, all of them.
#include "thalweg/kafka/admin.h"
#include "thalweg/kafka/consumer.h"
#include "thalweg/kafka/producer.h"
#include "thalweg/kafka/transaction.h"
