"""Print the records of an offline run of Weights & Biases as JSON, by wandb's own reader.

Version 0.21 is the last one whose reader can be imported; it is in `build/exchange`.
"""

import json
import sys

from google.protobuf.json_format import MessageToDict
from wandb.proto import wandb_internal_pb2
from wandb.sdk.internal.datastore import DataStore

store = DataStore()
store.open_for_scan(sys.argv[1])
found = []
while (content := store.scan_data()) is not None:
    record = wandb_internal_pb2.Record()
    record.ParseFromString(content)
    found.append(MessageToDict(record, preserving_proto_field_name=True))
print(json.dumps(found))
