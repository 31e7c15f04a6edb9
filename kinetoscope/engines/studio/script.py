"""The script: what a prompt asks to see, read by its words; whatever it says, there is a scene."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

LONGEST_READ = 4096
_MOST_SUBJECTS = 3


@dataclass(frozen=True, slots=True)
class ScenePlan:
    """What to draw: a place at a time of day, its weather, its actors, its sounds and its look.

    *sure* says that the prompt itself named the place, or somebody who lives there.
    """

    place: str
    time: str
    weather: tuple[str, ...]
    subjects: tuple[str, ...]
    style: str | None
    sounds: tuple[str, ...]
    mood: str
    flight: bool
    seed: int
    sure: bool


def read_script(prompt: str, seed: int) -> ScenePlan:
    """Read *prompt* into a plan; the same words and *seed* always give the same one."""
    text = prompt[:LONGEST_READ].lower()
    subjects = _subjects(text)
    named = _first(_PLACES, text)
    kindred = _first(_KINDRED, text)
    place = named or _home_of(subjects) or (kindred or _somewhere(text)).partition(" ")[0]
    usual = _USUAL_TIME.get(place, "day")
    if kindred and not named and not subjects:
        usual = kindred.partition(" ")[2]
    weather = read_weather(text)
    time = _dark_enough(_first(_TIMES, text) or usual, weather)
    return ScenePlan(
        place=place,
        time=time,
        weather=weather,
        subjects=subjects,
        style=_first(_STYLES, text),
        sounds=_sounds(place, time, weather),
        mood=_MOODS.get(time, "wide"),
        flight=bool(_FLIGHT.search(text)),
        seed=seed,
        sure=bool(named or subjects),
    )


def turned(plan: ScenePlan, prompt: str) -> ScenePlan:
    """Turn *plan* into what it is after *prompt*: another time, more weather; or the same."""
    text = prompt[:LONGEST_READ].lower()
    weather = tuple(dict.fromkeys((*plan.weather, *read_weather(text))))
    time = _dark_enough(_first(_TIMES, text) or plan.time, weather)
    return replace(
        plan,
        time=time,
        weather=weather,
        sounds=_sounds(plan.place, time, weather),
        mood=_MOODS.get(time, "wide"),
    )


def read_weather(prompt: str) -> tuple[str, ...]:
    """List the kinds of weather that *prompt* names."""
    text = prompt[:LONGEST_READ].lower()
    return tuple(name for name, words in _WEATHER.items() if words.search(text))


def _table(rows: Mapping[str, str]) -> dict[str, re.Pattern[str]]:
    return {name: re.compile(words) for name, words in rows.items()}


# Latin words begin at a word's edge; Chinese has none. The first row that is found wins.
_PLACES = _table(
    {
        "city": r"\b(city|cities|street|downtown|skyscraper|skyline|neon|cyberpunk|tokyo"
        r"|new york|paris"
        r"|london|urban|alley|traffic|metropolis|stadt|stra(ss|ß)e|ville\b|rue\b|ciudad|calle)"
        r"|城市|街|都市|霓虹",
        "forest": r"\b(forest|woods?\b|woodland|pines?\b|jungle|campfire|enchanted|wald|for[êe]t"
        r"|bosque|selva)"
        r"|森林|树林|竹林",
        "clouds": r"\b(above the clouds|sea of clouds|through the clouds|cloud ?scape|heaven"
        r"|skydiv|airplane"
        r"|airliner|\bplane\b|über den wolken|wolken|nuages|nubes)|云海|云上",
        "islands": r"\b(islands?|tropical|beach|coast|lagoon|palms?\b|insel|strand|plage|île"
        r"|isla\b|playa)"
        r"|海滩|沙滩|岛",
        "ocean": r"\b(ocean|seas?\b|waves?\b|sail|ships?\b|boats?\b|whale|dolphin|surf|shark"
        r"|meer|ozean"
        r"|welle|mer\b|océan|océano|mar\b|olas?\b|voilier|velero|segel)|海|船|鲸",
        "lake": r"\b(lakes?\b|fjord|rivers?\b|reflection|swan|see\b(?= )|fluss|lac\b|rivière"
        r"|lago|río)|湖|河",
        "snow": r"\b(snowy (mountain|peak|land|field|plain)|arctic|antarctic|glacier|winter"
        r"|ice\b|icy"
        r"|iceberg|penguin|polar|skiing|schnee|neige|nieve)|雪|冰",
        "desert": r"\b(desert|dunes?|sahara|sand\b|sandstorm|camel|oasis|wüste|désert|desierto"
        r"|dune)|沙漠",
        "canyon": r"\b(canyon|mesa\b|cliffs?|western|cowboy|badlands|schlucht|cañón|falaise)|峡谷",
        "mars": r"\b(mars\b|martian|alien planet|red planet|other planet|rover|moon surface"
        r"|space ?ship|astronaut"
        r"|rocket|galaxy|outer space|(in|through|into) space\b|planète|planeta)"
        r"|火星|太空|宇航员|星球",
        "mountains": r"\b(mountains?|peaks?\b|alps|alpine|himalaya|valley|hik(e|er|ing)|summit"
        r"|volcano|berge?\b"
        r"|gebirge|montagne|montaña|cumbre|dragon|eagle)|山|龙|鹰",
        "hills": r"\b(hills?|meadow|grass|fields?\b|farm|countryside|park\b|garden|spring\b"
        r"|hügel|wiese"
        r"|colline|prairie|jardin|colina|prado|campo)|草原|田野|花园",
    }
)
# Where something of which there is no picture may feel at home: a place and a time.
_KINDRED = _table(
    {
        "city night": r"\b(tech|computer|data\b|ai\b|artificial|future|futuristic|startup"
        r"|logo|factory"
        r"|machine|quantum|cyber|hacker|music|guitar|piano|drum|concert|club\b|disco|danc"
        r"|party|dj\b"
        r"|cafe|café|bar\b|restaurant|ramen|sushi|noodle|pizza|burger|kitchen|cook|chef|fashion"
        r"|night ?life|detective|crime)|科技|电脑|音乐|餐",
        "city day": r"\b(office|business|meeting|school|students?\b|teacher|shop|store"
        r"|market|bus\b|taxi"
        r"|bicycle|skateboard|news|hospital|doctor)|办公|学校",
        "lake sunrise": r"\b(coffee|tea\b|breakfast|cup\b|mug\b|yoga|meditat|calm|peace"
        r"|relax|spa\b"
        r"|book\b|read(ing|s)\b|poem)|咖啡|茶",
        "islands sunset": r"\b(love|wedding|romanc|romantic|heart|kiss|bride|cocktail"
        r"|ice cream|fruit"
        r"|banana|mango|pineapple|holiday|vacation|perfume)|爱|婚",
        "forest night": r"\b(dream|ghost|witch|fairy|elf\b|elves|magic|spell|halloween"
        r"|vampire|horror"
        r"|monster|secret|mystery|candle|lantern)|梦|鬼|魔",
        "canyon day": r"\b(dinosaur|t-?rex|ancient|ruins|temple|pyramid|egypt|rome\b|roman|gold\b"
        r"|treasure|adventure|motorcycle)|恐龙",
        "mountains storm": r"\b(battle|war\b|warrior|army|viking|sword|hero|superhero"
        r"|explosion|epic"
        r"|giant|king\b|queen)|战",
        "snow day": r"\b(christmas|santa|reindeer|snowman|ski\b|skate|hockey|diamond|crystal)|圣诞",
        "hills day": r"\b(flowers?\b|rose\b|tulip|sunflower|butterfl|bees?\b|baby|toys?\b"
        r"|cute|football"
        r"|soccer|golf|picnic|bread|cheese|honey|cake|easter|summer|play|mother|father|family"
        r"|grandm|grandf|smil|laugh|happy)|花|宝宝|快乐",
        "clouds sunrise": r"\b(angel|god\b|freedom|hope\b|wings?\b|kite|parachut|bubble"
        r"|feather)|天使",
    }
)
_TIMES = _table(
    {
        "sunrise": r"\b(sunrise|sun rises|rising sun|dawn|morning|daybreak|sonnenaufgang"
        r"|morgen|lever du soleil|aube"
        r"|amanecer)"
        r"|日出|清晨|早晨",
        "sunset": r"\b(sunset|sun sets|setting sun|golden hour|golden|sundown"
        r"|sonnenuntergang|coucher|atardecer"
        r"|puesta de sol)"
        r"|日落|夕阳|黄昏",
        "dusk": r"\b(dusk|twilight|blue hour|evening|dämmerung|abend|crépuscule|anochecer)|傍晚|暮",
        "night": r"\b(night|midnight|moon(lit|light)?\b|stars\b|starry|neon|cyberpunk|aurora"
        r"|northern lights"
        r"|fireworks?|nacht|nuit|noche)|夜|星空|月",
        "storm": r"\b(storm|overcast|gloomy|thunder|gr[ea]y sky|lightning|sturm|gewitter|orage"
        r"|tempête"
        r"|tormenta)|风暴|阴天|雷",
        "day": r"\b(day\b|daylight|noon|sunny|bright|afternoon|tag\b|jour\b|día\b)|白天|阳光",
    }
)
_WEATHER = _table(
    {
        "fog": r"\b(fog|mist|haze|hazy|nebel|brouillard|brume|niebla)|雾",
        "rain": r"\b(rain|downpour|drizzl|thunderstorm|regen|pluie|lluvia)|雨",
        "snow": r"\b(snow(ing|fall|flakes?|storm)|snows\b|(to|let it) snow\b|blizzard"
        r"|snow (falls|falling|starts|begins)|(falling|gentle|light) snow\b(?![- ](cap|cover|clad))"
        r"|(in|under|through) (the )?(heavy "
        r"|fresh )?snow(?![- ](cap|cover|clad))"
        r"|heavy snow|snowy (forest|pine|woods|day|night|street|village|evening|city)|schneit"
        r"|neige tombe)|下雪|雪花",
        "fireflies": r"\b(firefl|magic|spark|enchant|fairy|glühwürm|luciole|luciérnaga)|萤火虫",
        "embers": r"\b(embers?\b|fire\b|campfire|bonfire|burn|lava|volcan|flames?"
        r"|feuer|feu\b|fuego)|火焰|篝火",
        "dust": r"\b(dust(?!bin)|sunbeam|motes)|尘",
        "aurora": r"\b(aurora|northern lights|polarlicht)|极光",
        "fireworks": r"\b(fireworks?|feuerwerk|feux? d.artifice)|烟花",
    }
)
_STYLES = _table(
    {
        "ink": r"\b(ink\b|ukiyo|woodblock|sumi|calligraphy|tusche)|水墨",
        "watercolour": r"\b(watercolou?r|aquarell|aquarelle|acuarela)|水彩",
        "oil": r"\b(oil painting|van gogh|impressionis|painting\b|painted|gemälde|peinture"
        r"|pintura)|油画",
        "sketch": r"\b(pencil|sketch|charcoal drawing|bleistift|croquis|boceto)|素描",
        "noir": r"\b(noir|black and white|monochrome|schwarz-?wei(ss|ß)|noir et blanc)|黑白",
        "vintage": r"\b(vintage|super ?8|old film|retro|sepia|1920s|silent film)|复古",
        "toon": r"\b(anime|cartoon|comic|ghibli|cel[- ]shaded|dessin animé|zeichentrick)|动漫|卡通",
    }
)
_FLIGHT = re.compile(r"\b(fly|flight|aerial|drone|soar|flug|survol|vuelo)|航拍|飞行")

_SUBJECTS = _table(
    {
        "polar bear": r"\b(polar bear|eisbär)s?|北极熊",
        "astronaut": r"\b(astronaut|cosmonaut|spaceman)|宇航员",
        "balloon": r"\b(balloon|hot[- ]air|heissluftballon|ballon|montgolfière|globo)|热气球",
        "sailboat": r"\b(sail ?boat|sailing|boats?\b|yacht|segel(boot|schiff)?|voilier|velero"
        r"|barco)|帆船|小船|船",
        "ship": r"\b(ships?\b|steamer|ferry|cruise|schiff|bateau)|轮船",
        "lighthouse": r"\b(lighthouse|leuchtturm|phare|faro\b)|灯塔",
        "castle": r"\b(castle|palace|fortress|schloss|burg\b|château|castillo)|城堡",
        "rocket": r"\b(rocket|launch|rakete|fusée|cohete)|火箭",
        "saucer": r"\b(ufo|flying saucer|alien ship|spaceship|starship|raumschiff)|飞碟|飞船",
        "plane": r"\b(airplane|aeroplane|airliner|plane\b|jet\b|flugzeug|avion|avión)|飞机",
        "train": r"\b(train\b|locomotive|railway|zug\b|tren\b)|火车",
        "car": r"\b(car\b|cars\b|automobile|sports car|driving|roadster|auto\b|voiture|coche\b)"
        r"|汽车|跑车",
        "robot": r"\b(robots?\b|android|roboter)|机器人",
        "dragon": r"\b(dragons?\b|drachen?|dragón)|龙",
        "eagle": r"\b(eagles?|hawk|falcon|condor|adler|aigle|águila)|鹰",
        "bird": r"\b(birds?\b|seagulls?|crows?\b|geese|doves?\b|swallows?|owl|parrot|vogel|vögel"
        r"|oiseau|pájaro)|鸟",
        "whale": r"\b(whales?|orca|wale?\b|baleine|ballena)|鲸",
        "dolphin": r"\b(dolphins?|delphin|delfín|dauphin)|海豚",
        "shark": r"\b(sharks?|hai\b|requin|tiburón)|鲨",
        "fish": r"\b(fish(es)?\b|koi|goldfish|salmon|fisch|poisson|pez\b)|鱼",
        "fox": r"\b(fox(es)?\b|fuchs|renard|zorro)|狐狸",
        "wolf": r"\b(wolf|wolves|loup\b|lobo)|狼",
        "deer": r"\b(deer|stag|elk|moose|reindeer|antelope|hirsch|reh\b|cerf|ciervo)|鹿",
        "horse": r"\b(horses?\b|stallion|pony|unicorn|pferd|cheval|caballo)|马",
        "zebra": r"\b(zebras?)|斑马",
        "elephant": r"\b(elephants?|mammoth|elefant|éléphant)|大象",
        "giraffe": r"\b(giraffes?|jirafa)|长颈鹿",
        "camel": r"\b(camels?|kamele?|chameau|camello)|骆驼",
        "lion": r"\b(lions?\b|lioness|löwe|león)|狮子",
        "tiger": r"\b(tigers?|tigre|leopard|panther|jaguar)|老虎",
        "bear": r"\b(bears?\b|grizzly|panda|bär\b|ours\b|oso\b)|熊",
        "cow": r"\b(cows?\b|cattle|bull\b|bison|kuh\b|vache|vaca)|牛",
        "sheep": r"\b(sheep|lamb|goats?\b|schaf|mouton|oveja)|羊",
        "dog": r"\b(dogs?\b|pupp(y|ies)|husky|corgi|retriever|hund\b|chien|perro)|狗",
        "cat": r"\b(cats?\b|kitten|katze|chat\b|gato)|猫",
        "rabbit": r"\b(rabbits?|bunny|hare\b|hase\b|lapin|conejo)|兔",
        "hiker": r"\b(hikers?|hiking|travell?er|explorer|wanderer|backpack|climber|monk"
        r"|randonneur)|旅人|徒步",
        "child": r"\b(child|children|kids?\b|boy\b|girl\b|kind\b|junge|mädchen|enfant|niñ[oa])"
        r"|孩子|男孩|女孩",
        "person": r"\b(person|people|m[ae]n\b|wom[ae]n\b|figure|walker|runner|dancer|someone"
        r"|couple|samurai|knight"
        r"|detective|wizard|mann\b|frau\b|homme|femme|hombre|mujer|persona)|人|男子|女子",
        "house": r"\b(house|cabin|cottage|hut\b|barn|haus\b|hütte|maison|casa)|房子|小屋",
        "palm": r"\b(palm( tree)?s?\b|palme|palmier|palmera)|棕榈",
        "tree": r"\b(lone tree|oak\b|a tree\b|tree of|cherry tree|baum\b|arbre|árbol)|树",
    }
)
_HOMES: Mapping[str, tuple[str, ...]] = {
    "ocean": ("sailboat", "ship", "whale", "dolphin", "shark", "fish", "lighthouse"),
    "clouds": ("balloon", "plane"),
    "mars": ("astronaut", "rocket", "saucer", "robot"),
    "forest": ("fox", "wolf", "deer", "bear", "rabbit"),
    "mountains": ("eagle", "dragon", "hiker"),
    "desert": ("camel",),
    "snow": ("polar bear",),
    "islands": ("palm",),
    "city": ("car", "person"),
    "hills": (
        "horse", "zebra", "elephant", "giraffe", "lion", "tiger", "cow", "sheep", "child", "house",
        "castle", "tree", "train", "bird", "cat", "dog",
    ),
}  # fmt: skip
_MOODS: Mapping[str, str] = {
    "night": "dark",
    "storm": "dark",
    "day": "warm",
    "sunrise": "warm",
}
_USUAL_TIME: Mapping[str, str] = {
    "city": "night",
    "ocean": "sunset",
    "clouds": "sunset",
    "desert": "sunset",
    "mountains": "sunrise",
    "forest": "dusk",
    "lake": "sunrise",
}
_ANYWHERE = ("mountains", "lake", "clouds", "ocean", "forest", "islands", "hills", "desert")


def _first(table: Mapping[str, re.Pattern[str]], text: str) -> str | None:
    return next((name for name, words in table.items() if words.search(text)), None)


def _subjects(text: str) -> tuple[str, ...]:
    """List who is named, in the order of the sentence; a longer name hides the shorter in it."""
    found: list[tuple[int, int, str]] = []
    for name, words in _SUBJECTS.items():
        match = words.search(text)
        if match and not any(
            begin < match.end() and match.start() < end for begin, end, _ in found
        ):
            found.append((match.start(), match.end(), name))
    return tuple(name for _, _, name in sorted(found)[:_MOST_SUBJECTS])


def _dark_enough(time: str, weather: tuple[str, ...]) -> str:
    """Let it be night where lights are to be seen in the sky."""
    lights = {"aurora", "fireworks"} & set(weather)
    return "night" if lights and time != "dusk" else time


def _home_of(subjects: Iterable[str]) -> str | None:
    for subject in subjects:
        for place, dwellers in _HOMES.items():
            if subject in dwellers:
                return place
    return None


def _somewhere(text: str) -> str:
    digest = sha256(text.encode("utf-8", "surrogatepass")).digest()
    return _ANYWHERE[digest[0] % len(_ANYWHERE)]


def _sounds(place: str, time: str, weather: tuple[str, ...]) -> tuple[str, ...]:
    sounds = ["street" if place == "city" else "wind"]
    if place in {"ocean", "islands", "lake"}:
        sounds.append("waves")
    if place in {"forest", "hills"}:
        sounds.append("crickets" if time in {"night", "dusk"} else "birds")
    told = {"rain": "rain", "embers": "fire", "fireworks": "bangs"}
    return tuple(sounds + [told[kind] for kind in weather if kind in told])
