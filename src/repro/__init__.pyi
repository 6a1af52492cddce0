from repro.api.experiments import load_config as load_config
from repro.api.experiments import train as train
from repro.api.records import compare as compare
from repro.api.records import verify as verify
from repro.api.reproducibility import ensure_reproducibility as ensure_reproducibility
from repro.api.seeds import derive_seed as derive_seed
from repro.api.seeds import seed_all as seed_all
from repro.app.predict import load_run as load_run

__version__: str
