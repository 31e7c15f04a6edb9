"""Unseen: words for what nobody has drawn yet, so that it can be said instead of passed over."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from kinetoscope.engines.studio.words import table

# Each by its name in a note. What is the place itself in some scene, as palms are, is not here.
_UNSEEN = table(
    {
        "penguin": r"\b(penguins?\b|pinguine?\b|pingouins?\b|pingüinos?\b)|企鹅",
        "kangaroo": r"\b(kangaroos?\b|känguru|kangourou|canguro)|袋鼠",
        "monkey": r"\b(monkeys?\b|apes?\b|gorillas?\b|chimp|affen?\b|singes?\b|monos?\b)|猴",
        "snake": r"\b(snakes?\b|cobras?\b|schlangen?\b|serpents?\b|serpientes?\b)|蛇",
        "turtle": r"\b(turtles?\b|tortoises?\b|schildkröten?\b|tortues?\b|tortugas?\b)|龟",
        "frog": r"\b(frogs?\b|toads?\b|frosch|frösche|grenouilles?\b|ranas?\b)|青蛙",
        "crocodile": r"\b(crocodil\w*|alligators?\b|krokodil\w*|cocodrilos?\b)|鳄鱼",
        "butterfly": r"\b(butterfl(y|ies)|schmetterlinge?\b|papillons?\b|mariposas?\b)|蝴蝶",
        "bee": r"\b(bees?\b|wasps?\b|bienen?\b|abeilles?\b|abejas?\b)|蜜蜂",
        "spider": r"\b(spiders?\b|spinnen?\b|araignées?\b|arañas?\b)|蜘蛛",
        "insect": r"\b(insects?\b|ants?\b|beetles?\b|dragonfl(y|ies)|ladybugs?\b|moths?\b)|昆虫",
        "dinosaur": r"\b(dinosau\w+|t-?rex|velociraptors?\b)|恐龙",
        "mermaid": r"\b(mermaids?\b|meerjungfrau|sirènes?\b|sirenas?\b)|美人鱼",
        "jellyfish": r"\b(jelly ?fish|quallen?\b|méduses?\b|medusas?\b)|水母",
        "octopus": r"\b(octopus(es)?\b|squids?\b|kraken|tintenfisch|poulpes?\b|pulpos?\b)|章鱼",
        "crab": r"\b(crabs?\b|lobsters?\b|krabben?\b|crabes?\b|cangrejos?\b)|螃蟹",
        "seal": r"\b(seals?\b|sea lions?\b|walrus(es)?\b|robben?\b|phoques?\b|focas?\b)|海豹",
        "mouse": r"\b(mouse|mice|rats?\b|hamsters?\b|maus|mäuse|souris|ratón|ratones)|老鼠",
        "squirrel": r"\b(squirrels?\b|eichhörnchen|écureuils?\b|ardillas?\b)|松鼠",
        "hedgehog": r"\b(hedgehogs?\b|igel\b|hérissons?\b|erizos?\b)|刺猬",
        "pig": r"\b(pigs?\b|piglets?\b|boars?\b|schweine?\b|cochons?\b|cerdos?\b)|猪",
        "chicken": r"\b(chickens?\b|hens?\b|roosters?\b|hühner|huhn|poulets?\b|pollos?\b)|鸡",
        "duck": r"\b(ducks?\b|ducklings?\b|enten?\b|canards?\b|patos?\b)|鸭",
        "swan": r"\b(swans?\b|schwäne?\b|schwan|cygnes?\b|cisnes?\b)|天鹅",
        "flamingo": r"\b(flamingos?\b|flamants?\b)|火烈鸟",
        "peacock": r"\b(peacocks?\b|pfauen?\b|paons?\b)|孔雀",
        "hippo": r"\b(hippos?\b|hippopotam\w+|nilpferde?\b)|河马",
        "rhino": r"\b(rhinos?\b|rhinoceros|nashorn|rinoceronte)|犀牛",
        "donkey": r"\b(donkeys?\b|mules?\b|llamas?\b|alpacas?\b|esel\b|ânes?\b|burros?\b)|驴",
        "kite": r"\b(kites?\b)|风筝",
        "motorcycle": r"\b(motor ?(cycle|bike)s?\b|motorrad|moto\b|motocicleta)|摩托",
        "bicycle": r"\b(bicycles?\b|bikes?\b|cyclists?\b|fahrrad|vélos?\b|bicicletas?\b)|自行车",
        "helicopter": r"\b(helicopters?\b|hubschrauber|hélicoptères?\b|helicópteros?\b)|直升机",
        "submarine": r"\b(submarines?\b|u-?boote?\b|sous-marins?\b|submarinos?\b)|潜艇",
        "tractor": r"\b(tractors?\b|harvesters?\b|traktor|tracteurs?\b)|拖拉机",
        "bus": r"\b(bus(es)?\b|trams?\b|autobús)|公交",
        "truck": r"\b(trucks?\b|lorry|lorries|lastwagen|camions?\b|camión)|卡车",
        "tank": r"\b(tank battle|tanks\b|panzer\b)|坦克",
        "skateboard": r"\b(skate ?board\w*|scooters?\b)|滑板",
        "windmill": r"\b(wind ?mills?\b|wind turbines?\b|windmühle|moulins?\b|molinos?\b)|风车",
        "bridge": r"\b(bridges?\b|brücken?\b|ponts?\b|puentes?\b)|桥",
        "waterfall": r"\b(waterfalls?\b|wasserfall|wasserfälle|cascades?\b|cascadas?\b)|瀑布",
        "volcano": r"\b(volcano(es)?\b|vulkane?\b|volcans?\b|volcán)|火山",
        "Eiffel tower": r"\b(eiffel tower|eiffelturm|tour eiffel|torre eiffel)|埃菲尔",
        "pyramid": r"\b(pyramids?\b|pyramiden?\b|pyramides\b|pirámides?\b)|金字塔",
        "temple": r"\b(temples?\b|pagodas?\b|shrines?\b|tempel\b|templos?\b)|寺|神社",
        "church": r"\b(church(es)?\b|cathedrals?\b|kirchen?\b|églises?\b|iglesias?\b)|教堂",
        "statue": r"\b(statues?\b|sculptures?\b|estatuas?\b)|雕像",
        "ruins": r"\b(ruins?\b|ruinen?\b|ruines?\b|ruinas?\b)|废墟",
        "tent": r"\b(tents?\b|zelte?\b|igloos?\b)|帐篷",
        "snowman": r"\b(snow ?m[ae]n\b|schneemann|muñeco de nieve)|雪人",
        "tornado": r"\b(tornado(es)?\b|hurricanes?\b|whirlwinds?\b|tsunamis?\b)|龙卷风|海啸",
        "rainbow": r"\b(rainbows?\b|regenbogen|arc-en-ciel|arcoíris)|彩虹",
        "explosion": r"\b(explosions?\b|explod\w+|erupt\w+)|爆炸",
        "sofa": r"\b(sofas?\b|couch|armchairs?\b|canapé|sofá)|沙发",
        "bed": r"\b((?<!sea )(?<!river )(?<!flower )beds?\b|bedrooms?\b|bett\b|cama\b)|床上|卧室",
        "stadium": r"\b(stadiums?\b|stadion|estadio)|体育场",
        "concert hall": r"\b(concert halls?\b|on stage\b|theat(re|er)s?\b)|音乐厅",
        "computer": r"\b(laptops?\b|computers?\b|ordinateurs?\b)|电脑",
        "phone": r"\b(smart ?phones?\b|(cell )?phones?\b)|手机",
        "bottle": r"\b(bottles?\b|wine glass(es)?\b|glass of|flaschen?\b|bouteilles?\b)|瓶",
        "pizza": r"\b(pizzas?\b|burgers?\b|sushi\b|noodles?\b|ramen\b|pasta\b)|披萨|汉堡|寿司",
        "cake": r"\b(cakes?\b|bread\b|croissants?\b|kuchen\b|gâteaux?\b)|蛋糕|面包",
        "surface of the moon": r"\b(on the moon\b|moon surface|lunar (surface|landscape)"
        r"|auf dem mond|sur la lune|en la luna)|月球",
        "slow motion": r"\b(slow[- ]?mo(tion)?\b|zeitlupe|ralenti|cámara lenta)|慢动作",
        "time lapse": r"\b(time[- ]?lapse|hyper[- ]?lapse|zeitraffer)|延时",
    }
)
# Who is drawn as somebody else of the same family.
_DOUBLES: Mapping[str, Mapping[str, re.Pattern[str]]] = {
    "horse": table({"a unicorn": r"\b(unicorn|einhorn|licorne|unicornio)|独角兽"}),
    "elephant": table({"a mammoth": r"\bmammoth"}),
    "bear": table({"a panda": r"\bpanda|熊猫"}),
    "tiger": table(
        {"a leopard": r"\bleopard", "a panther": r"\bpanther", "a jaguar": r"\bjaguar"}
    ),
    "sheep": table({"a goat": r"\bgoats?\b"}),
    "deer": table(
        {"a moose": r"\bmoose", "a reindeer": r"\breindeer", "an antelope": r"\bantelope"}
    ),
    "cow": table({"a bison": r"\bbison", "a bull": r"\bbulls?\b"}),
    "whale": table({"an orca": r"\borca"}),
    "bird": table(
        {"an owl": r"\bowls?\b", "a parrot": r"\bparrots?\b", "a dove": r"\bdoves?\b",
         "a goose": r"\bgeese\b"}
    ),
    "person": table(
        {"a knight": r"\bknights?\b", "a samurai": r"\bsamurai", "a wizard": r"\bwizards?\b"}
    ),
}  # fmt: skip


def unseen(text: str) -> Iterator[str]:
    """Name what *text*, in small letters, asks for and no scene has."""
    return (name for name, words in _UNSEEN.items() if words.search(text))


def doubles(text: str, subjects: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Name who of *subjects* is shown in place of whom *text* asks for."""
    for shown in subjects:
        for asked, words in _DOUBLES.get(shown, {}).items():
            if words.search(text):
                yield shown, asked
