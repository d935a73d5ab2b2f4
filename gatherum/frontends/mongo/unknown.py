"""What is said of a stage or an operator that is not there: that MongoDB has it, and what else may be meant."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from gatherum.functions.registry import nearest_of_all

_NOT_BUILT: Final = """
    $accumulator $acos $acosh $allElementsTrue $anyElementTrue $asin $asinh $atan $atan2 $atanh $binarySize $bitAnd
    $bitNot $bitOr $bitXor $bitsAllClear $bitsAllSet $bitsAnyClear $bitsAnySet $bottom $bottomN $box $bsonSize $center
    $centerSphere $changeStream $changeStreamSplitLargeEvent $collStats $convert $cos $cosh $covariancePop
    $covarianceSamp $currentOp $dateDiff $dateFromParts $dateFromString $dateToParts $degreesToRadians $denseRank
    $densify $derivative $documentNumber $exp $expMovingAvg $fill $firstN $function $geoIntersects $geoNear
    $geoWithin $geometry $getField $graphLookup $indexOfArray $indexOfBytes $indexOfCP $indexStats $integral
    $jsonSchema $lastN $linearFill $listLocalSessions $listSampledQueries $listSearchIndexes $listSessions $ln $locf
    $log $log10 $ltrim $maxDistance $maxN $median $merge $meta $minDistance $minMaxScaler $minN $out $percentile
    $planCacheStats $polygon $pow $querySettings $queryStats $radiansToDegrees $rand $rank $rankFusion $redact
    $regexFind $regexFindAll $regexMatch $replaceAll $replaceOne $reverseArray $rtrim $sampleRate $search
    $searchMeta $setDifference $setEquals $setField $setIntersection $setIsSubset $setUnion $setWindowFields
    $shardedDataDistribution $shift $sin $sinh $sortArray $sqrt $strLenBytes $strcasecmp $substr $substrBytes $tan
    $tanh $text $toHashedIndexKey $toObjectId $toUUID $top $topN $tsIncrement $tsSecond $unsetField $vectorSearch $zip
"""
NOT_BUILT: Final = frozenset(_NOT_BUILT.split())
"""Stages and operators of MongoDB that are not built here. One that is built is found, and this not asked."""


def hint(name: str, known: Iterable[str]) -> str:
    """What comes after a message that there is no such name."""
    return ("; MongoDB has it, but it is not built here" if name in NOT_BUILT else "") + nearest_of_all(name, known)
