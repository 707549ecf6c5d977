// The library's front door: one import brings the public rooms.
@_exported public import Arithmetic
@_exported public import Coordination
@_exported public import Dashboard
@_exported public import Datasets
@_exported public import Federation
@_exported public import Graphs
@_exported public import Identity
@_exported public import Learning
@_exported public import Links
@_exported public import ModelFiles
@_exported public import Processes
@_exported public import SecureAggregation
@_exported public import Serving
@_exported public import Sharing
@_exported public import Stories
@_exported public import Tensors
@_exported public import Transports
