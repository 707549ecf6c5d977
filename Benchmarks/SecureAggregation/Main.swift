import SecureAggregation

print(MessageKind.allCases.count)
