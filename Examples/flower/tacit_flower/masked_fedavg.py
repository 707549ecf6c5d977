"""FedAvg over Tacit workers whose updates and figures the ServerApp sees in sums only."""

import time
from logging import INFO, WARNING

import numpy as np
from cryptography.hazmat.primitives.asymmetric import ec
from flwr.app import Array, ArrayRecord, ConfigRecord, Message, MessageType, MetricRecord, RecordDict
from flwr.common.logger import log
from flwr.serverapp.strategy import FedAvg

from .masked_sum import MaskedSum, SumFailed

SHARED = ("kind", "bits", "minimum", "offset", "counts", "steps", "arrays", "context")
"""What all workers must say alike of a sum."""
MOST_VALUES = 2**28
"""More than these are no model."""


class MaskedFedAvg(FedAvg):
    """Every round and every judgement is one masked sum; where it opens nothing, the model stays as it was.

    `patience` is how many seconds workers have for a stage.
    """

    def __init__(self, patience: float = 120.0, **settings) -> None:
        super().__init__(**settings)
        self.patience = patience

    def configure_train(self, server_round, arrays, config, grid):
        self.grid, self.arrays = grid, arrays
        return super().configure_train(server_round, arrays, config, grid)

    def aggregate_train(self, server_round, replies):
        added = self.add(replies)
        if added is None:
            return None, None
        said, values, names = added
        arrays = said.get("arrays", [])
        sizes = [self.arrays[name].numpy().size for name in arrays if name in self.arrays]
        extra = 2 if said["kind"] == "weighted" else 0
        if not sizes or len(sizes) != len(arrays) or sum(sizes) + extra != values.size:
            log(WARNING, "the workers summed something else than this model's updates")
            return None, None
        start, moved = 0, values
        metrics = {"contributors": len(names)}
        if said["kind"] == "weighted":
            weight, loss = values[-2:]
            if weight <= 0:
                log(WARNING, "the weights add up to nothing: most-rows is far too large")
                return None, None
            moved = values[:-2] / weight
            metrics["loss"] = float(loss / weight)
        updated = {}
        for name in arrays:
            before = self.arrays[name].numpy()
            update = moved[start:start + before.size].reshape(before.shape)
            updated[name] = Array((before + update).astype(np.float32))
            start += before.size
        return ArrayRecord(updated), MetricRecord(metrics)

    def aggregate_evaluate(self, server_round, replies):
        added = self.add(replies)
        if added is None:
            return None
        said, values, names = added
        if values.size != 4:
            log(WARNING, "the workers summed something else than their figures")
            return None
        rows, loss, right, squares = values
        rows = round(rows)
        if rows == 0:
            return MetricRecord({"num-examples": 0})
        figures = {"num-examples": rows, "loss": float(loss / rows), "contributors": len(names)}
        if said["kind"] == "judged":
            figures["accuracy"] = round(right) / rows
        else:
            figures["mse"] = float(squares / rows)
        return MetricRecord(figures)

    def add(self, replies):
        """What the workers said of the sum, its values as numbers, and who is in it; `None` where nothing was opened."""
        members = self.members(replies)
        if not members:
            return None
        said = next(iter(members.values()))[1]
        keys = {name: key for name, (_, _, key) in members.items()}
        try:
            attempt = MaskedSum(keys, sum(said["counts"]), said["bits"], said["minimum"], said["context"])
            sums, names = self.drive(attempt, {name: node for name, (node, _, _) in members.items()})
        except SumFailed as failure:
            log(WARNING, "no masked sum: %s", failure)
            return None
        steps = np.repeat(np.array(said["steps"]), np.array(said["counts"]))
        shifted = sums.astype(np.int64) - np.int64(said["offset"]) * len(names)
        log(INFO, "a masked sum of %s", ", ".join(names))
        return said, shifted * steps, names

    def members(self, replies):
        """Who has a vector ready, by name: the node, what it said, and its key. Who says something else than most is left out."""
        members, twice = {}, set()
        for reply in replies:
            node = reply.metadata.src_node_id
            try:
                if reply.has_error():
                    raise ValueError(reply.error.reason)
                said = reply.content["tacit-sum"]
                if not well_formed(said):
                    raise ValueError("what it says of the sum is not well formed")
                name, key = said["name"], ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), said["key"])
            except (KeyError, TypeError, ValueError) as reason:
                log(WARNING, "node %d takes part in no masked sum: %s", node, reason)
                continue
            if name in members:
                twice.add(name)
            members[name] = (node, said, key)
        for name in twice:
            log(WARNING, "%s is left out: two nodes have that name", name)
            del members[name]
        kinds = [self.shared(said) for _, said, _ in members.values()]
        most = max(kinds, key=kinds.count, default=None)
        return {name: member for name, member in members.items() if self.shared(member[1]) == most}

    @staticmethod
    def shared(said):
        return [(key, said[key]) for key in SHARED if key in said]

    def drive(self, attempt, nodes):
        """Takes the attempt through its stages; who does not answer in time has dropped out."""
        stages = attempt.run()
        messages = next(stages)
        while True:
            replies = self.ask({nodes[name]: message for name, message in messages.items()}, attempt.count)
            known = set(attempt.refusals)
            try:
                messages = stages.send({name: replies[node] for name, node in nodes.items() if node in replies})
            except StopIteration as end:
                return end.value
            finally:
                for name in set(attempt.refusals) - known:
                    log(WARNING, "%s is left out: %s", name, attempt.refusals[name])

    def ask(self, messages, count):
        """One stage: the replies by node. Flower's own `send_and_receive` would look every three seconds only."""
        waiting = set(self.grid.push_messages([
            Message(
                content=RecordDict({"tacit-stage": ConfigRecord({"message": message, "clients": count})}),
                message_type=MessageType.QUERY, dst_node_id=node,
            )
            for node, message in messages.items()
        ]))
        replies, end = {}, time.monotonic() + self.patience
        while waiting and time.monotonic() < end:
            for reply in self.grid.pull_messages(waiting):
                waiting.discard(reply.metadata.reply_to_message_id)
                said = None if reply.has_error() else stage(reply.content)
                if said is None:
                    reason = reply.error.reason if reply.has_error() else "its answer is no stage of a sum"
                    log(WARNING, "node %d: %s", reply.metadata.src_node_id, reason)
                else:
                    replies[reply.metadata.src_node_id] = said
            time.sleep(0.1)
        return replies


def well_formed(said) -> bool:
    """Whether a worker's word on a sum has the types and sizes that the sum counts on: a node may answer anything."""
    counts, steps, arrays = (said.get(key, []) for key in ("counts", "steps", "arrays"))
    return (
        all(key in said for key in SHARED if key != "arrays")
        and all(isinstance(said[key], int) for key in ("bits", "minimum", "offset"))
        and 1 <= said["bits"] <= 52 and 2 <= said["minimum"] and 0 <= said["offset"] < 2**52
        and all(isinstance(values, list) for values in (counts, steps, arrays))
        and 0 < len(counts) == len(steps)
        and all(isinstance(count, int) and 0 < count <= MOST_VALUES for count in counts) and sum(counts) <= MOST_VALUES
        and all(isinstance(step, float) and 0 < step < float("inf") for step in steps)
        and all(isinstance(name, str) for name in arrays) and len(set(arrays)) == len(arrays)
        and isinstance(said["kind"], str) and isinstance(said["context"], bytes)
        and isinstance(said.get("name"), str) and 0 < len(said["name"].encode(errors="replace")) <= 255
    )


def stage(content) -> bytes | None:
    """The message in a worker's answer to a stage."""
    record = content["tacit-stage"] if "tacit-stage" in content else {}
    message = record.get("message")
    return message if isinstance(message, bytes) else None
