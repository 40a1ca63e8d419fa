"""The edge between the libraries that talk to stores, and who uses a provider."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from jupyter_mlsec.core.errors import MlsecError

P = ParamSpec("P")
T = TypeVar("T")


def guarded(function: Callable[P, T]) -> Callable[P, T]:
    """The function, with its exceptions raised anew from here.

    A verbose traceback shows the local variables of every frame, and those of a client library
    hold tokens, headers and values. So nothing of the frames below is left in what is raised,
    an interrupt included, and this frame holds nothing itself. What
    is no MlsecError becomes one that names the type only: foreign messages quote what they got.
    """

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except MlsecError as error:
            problem: BaseException = MlsecError(error.message, error.hint)
        except KeyboardInterrupt:
            problem = KeyboardInterrupt()
        except Exception as error:
            problem = _internal(error)
        del args, kwargs
        raise problem  # outside of `except`, or the first exception would hang on it

    return call


def _internal(error: BaseException) -> MlsecError:
    frame = error.__traceback__
    while frame and frame.tb_next:
        frame = frame.tb_next
    where = f" at {frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}" if frame else ""
    return MlsecError(
        f"internal error ({type(error).__name__}{where})", "this is a bug, please report it"
    )
